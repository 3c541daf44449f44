import { createInterface } from 'node:readline/promises'
import * as z from 'zod'
import { Hanging } from '../../runtime/hanging.ts'
import { askJson } from './ask.ts'
import type { Command } from './command.ts'
import { UsageError, words } from './command.ts'
import { findPlatform, PLATFORM_HELP, PLATFORM_OPTIONS } from './find-platform.ts'
import { hangingText } from './hanging-text.ts'

const OWNERS: Readonly<Record<string, string>> = {
  datasets: 'ingest',
  views: 'features',
  pipelines: 'train',
  scripts: 'train',
  models: 'publish',
  projects: 'annotate',
}
const Status = z.object({ team: z.string() })
const Labels = z.object({ annotations: z.int(), people: z.array(z.string()) })
const Projects = z.object({
  items: z.array(z.object({ name: z.string(), dataset: z.string(), labelled: z.int() })),
  next: z.string().optional(),
})

export const remove: Command = {
  name: 'delete',
  usage: '<kind/name> [--dry] [--yes]',
  summary: 'deletes a thing with what only it is in, after it has said what hangs on it',
  help: `
What is meant is datasets/N, views/V, pipelines/P, scripts/S, models/M or projects/P, all its versions.
What goes with it and what hangs on it but stays is shown first; a terminal is asked before anything
goes. Lineage keeps telling of what was deleted.

  datasets     its views, their features and its annotation projects go; models trained on it stay
  views        its features go; a dataset's own view comes again with the next version
  pipelines    its runs end; what it has trained stays
  scripts      pipelines that train by it wait for one of its name
  models       all its versions and what its runs kept go; its pipelines stay and train it anew

  --dry        says what hangs on it, and does nothing
  --yes        asks nothing; needed where there is no terminal to ask
${PLATFORM_HELP}`,
  options: { dry: { type: 'boolean' }, yes: { type: 'boolean' }, ...PLATFORM_OPTIONS },

  async run({ values, positionals }) {
    words(positionals, { needed: ['kind/name'] })
    const [thing = ''] = positionals
    const [kind = '', name = '', ...more] = thing.split('/')
    const owner = Object.hasOwn(OWNERS, kind) ? OWNERS[kind] : undefined
    if (!owner || name === '' || more.length > 0)
      throw new UsageError(
        `${thing} is nothing to delete: write one of ${Object.keys(OWNERS).join(', ')}, / and a name`,
      )
    const url = await findPlatform(values)
    const { team } = await askJson(new URL(`${url}/_mezz/status`), Status)
    const at = new URL(`${url}/${team}/${owner}/${kind}/${encodeURIComponent(name)}`)
    process.stdout.write(await whatHangs(at, { kind, name, projects: `${url}/${team}/annotate/projects` }))
    if (values['dry'] === true) return 0
    if (values['yes'] !== true && !(await agreed(thing))) {
      process.stdout.write('nothing is deleted\n')
      return 1
    }
    await askJson(at, z.unknown(), { method: 'DELETE' })
    process.stdout.write(`${thing} is deleted\n`)
    return 0
  },
}

async function whatHangs(
  at: URL,
  { kind, name, projects }: { readonly kind: string; readonly name: string; readonly projects: string },
): Promise<string> {
  const dry = new URL(`${at}?dry=true`)
  if (kind === 'projects') {
    const { annotations, people } = await askJson(dry, Labels, { method: 'DELETE' })
    return `${annotations} labels of ${people.length} people go with it\n`
  }
  const { hangs } = await askJson(dry, Hanging, { method: 'DELETE' })
  return hangingText([...hangs, ...(kind === 'datasets' ? await projectsOf(projects, name) : [])])
}

/** What annotate alone knows of: no event tells of a project before it ends. */
async function projectsOf(url: string, dataset: string): Promise<Hanging['hangs']> {
  const found: Hanging['hangs'] = []
  for (let after: string | undefined; ; ) {
    const page = await askJson(new URL(`${url}?limit=1000${after === undefined ? '' : `&after=${after}`}`), Projects)
    for (const one of page.items)
      if (one.dataset === dataset) found.push({ kind: 'projects', name: one.name, goes: true })
    after = page.next
    if (after === undefined) return found
  }
}

async function agreed(thing: string): Promise<boolean> {
  if (!process.stdin.isTTY) throw new UsageError(`nobody can be asked here: --yes deletes ${thing}`)
  const desk = createInterface({ input: process.stdin, output: process.stdout })
  const answer = await desk.question(`delete ${thing}? [y/N] `)
  desk.close()
  return /^y(es)?$/i.test(answer.trim())
}
