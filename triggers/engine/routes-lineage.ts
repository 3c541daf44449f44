import { Hono } from 'hono'
import * as z from 'zod'
import { PlatformError } from '../../runtime/errors.ts'
import type { Lineage, LineageGraph, LineageNode } from '../../runtime/lineage.ts'
import { nearest } from '../../runtime/nearest.ts'
import type { ResourceName } from '../../runtime/resource-name.ts'
import { parsePrediction, parseResourceName } from '../../runtime/resource-name.ts'
import { answers, query, Text } from '../../runtime/validate.ts'

export interface LineageRoutesOptions {
  readonly team: string
  readonly records: Lineage
}

const Asked = z.object({
  of: Text.min(1),
  direction: z.enum(['backward', 'forward']).default('backward'),
  /** Things at most, the nearest. */
  limit: z.coerce.number().int().min(1).max(100_000).default(1000),
})

const Graph = z.object({
  nodes: z.array(z.looseObject({ id: z.string(), kind: z.string(), name: z.string() })),
  edges: z.array(z.object({ from: z.string(), to: z.string(), by: z.string() })),
  isWhole: z.literal(false).optional(),
})

/** `/lineage?of=`: what a thing came from, or what came of it. */
export function lineageRoutes({ team, records }: LineageRoutesOptions): Hono {
  const said = answers('What a thing came from, or what came of it', { 200: Graph }, 'not_found')
  return new Hono().get('/lineage', query(Asked), said, async (c) => {
    const { of, direction, limit } = c.req.valid('query')
    const prediction = parsePrediction(of)
    const node = await demand(
      of,
      prediction ? { ...prediction, kind: 'models', name: prediction.model } : named(of, team),
    )
    // A prediction has no row: its name says which version made it, and when.
    const made = prediction && { id: of, kind: 'predictions', name: of, at: prediction.at }
    if (made && direction === 'forward') return c.json({ nodes: [made], edges: [] })
    const graph = await records.trace(node.id, { direction, most: limit })
    return c.json({ ...withPrediction(graph, node, made), ...(graph.isWhole ? {} : { isWhole: false }) })
  })

  async function demand(of: string, name: ResourceName | null): Promise<LineageNode> {
    const node = name && (await records.find(name))
    if (node) return node
    const newest = name?.version ? await records.find({ ...name, version: undefined }) : null
    const hint = newest ? `the newest is ${shortOf(newest)}` : await meant(of, name)
    throw new PlatformError('not_found', `nothing is known of ${of}${hint ? `; ${hint}` : ''}`)
  }

  /** Names of the same kind first; else any that looks like it. */
  async function meant(of: string, name: ResourceName | null): Promise<string | undefined> {
    if (name?.kind === 'bytes') return undefined
    const all = await records.names()
    const ofKind = all.filter(({ kind }) => kind === name?.kind)
    const near = nearest(
      name?.name ?? of,
      ofKind.map((one) => one.name),
    ).map((one) => `${name?.kind}/${one}`)
    const any = near.length > 0 ? near : nearest(of, all.map(shortOf))
    return any.length > 0 ? `did you mean ${any.join(' or ')}?` : undefined
  }
}

function named(of: string, team: string): ResourceName | null {
  const name = parseResourceName(of)
  if (name?.team !== undefined && name.team !== team) throw new PlatformError('not_found', `no team ${name.team}`)
  return name
}

function shortOf({ kind, name, version }: ResourceName): string {
  return `${kind}/${name}${version === undefined ? '' : `@${version}`}`
}

function withPrediction(
  { nodes, edges }: LineageGraph,
  version: LineageNode,
  made: LineageNode | null,
): Pick<LineageGraph, 'nodes' | 'edges'> {
  if (!made) return { nodes, edges }
  return { nodes: [...nodes, made], edges: [...edges, { from: version.id, to: made.id, by: 'predict' }] }
}
