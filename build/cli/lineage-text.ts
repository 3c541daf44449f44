import * as z from 'zod'

const Node = z.object({
  id: z.string(),
  kind: z.string(),
  name: z.string(),
  version: z.string().optional(),
  digest: z.string().optional(),
  at: z.string(),
  deletedAt: z.string().optional(),
})
export const Lineage = z.object({
  nodes: z.array(Node),
  edges: z.array(z.object({ from: z.string(), to: z.string(), by: z.string() })),
  isWhole: z.boolean().default(true),
})
export type Lineage = z.infer<typeof Lineage>
type Node = z.infer<typeof Node>

/**
 * A lineage as a tree: below each thing what it came from, or, forward, what came of it. A thing stands in full where it
 * is met first, and is only named where it comes again.
 */
export function lineageText({ nodes, edges, isWhole }: Lineage, forward: boolean): string {
  const byId = new Map(nodes.map((node) => [node.id, node]))
  const below = Map.groupBy(edges, ({ from, to }) => (forward ? from : to))
  const next = (id: string): readonly string[] => [
    ...new Set((below.get(id) ?? []).map(({ from, to }) => (forward ? to : from))),
  ]
  const lead = new Set(edges.map(({ from, to }) => (forward ? to : from)))
  const shown = new Set<string>()
  const lines: string[] = []

  function show(id: string, { first, rest }: { readonly first: string; readonly rest: string }): void {
    const node = byId.get(id)
    if (!node) return
    const isKnown = shown.has(id)
    shown.add(id)
    const children = direct(next(id), next)
    lines.push(`${first}${isKnown && children.length > 0 ? `${nameOf(node)}  (above)` : told(node)}`)
    if (isKnown) return
    for (const [at, child] of children.entries()) {
      const isLast = at === children.length - 1
      show(child, { first: `${rest}${isLast ? '└─ ' : '├─ '}`, rest: `${rest}${isLast ? '   ' : '│  '}` })
    }
  }

  for (const { id } of nodes.filter((node) => !lead.has(node.id))) show(id, { first: '', rest: '' })
  if (!isWhole) lines.push(`… the nearest ${nodes.length} of more`)
  return `${lines.join('\n')}\n`
}

/** Without those that are reached through another of them as well. */
function direct(ids: readonly string[], next: (id: string) => readonly string[]): readonly string[] {
  if (ids.length < 2) return ids
  const further = new Set<string>()
  const walk = (id: string): void => {
    for (const one of next(id)) {
      if (further.has(one)) continue
      further.add(one)
      walk(one)
    }
  }
  for (const id of ids) walk(id)
  return ids.filter((id) => !further.has(id))
}

function told(node: Node): string {
  const { digest, at, deletedAt } = node
  const name = nameOf(node)
  const known = digest && !name.includes('sha256:') ? short(digest) : ''
  const gone = deletedAt ? `deleted ${clock(deletedAt)}` : ''
  return [name, clock(at), known, gone].filter((part) => part !== '').join('  ')
}

function nameOf({ kind, name, version }: Node): string {
  if (kind === 'predictions') return `prediction ${name}`
  if (kind === 'bytes') return `bytes ${short(name)}`
  return short(`${kind}/${name}${version === undefined ? '' : `@${version}`}`)
}

function short(text: string): string {
  return text.replace(/(sha256:[0-9a-f]{12})[0-9a-f]{52}/, '$1…')
}

function clock(iso: string): string {
  return iso.slice(0, 19).replace('T', ' ')
}
