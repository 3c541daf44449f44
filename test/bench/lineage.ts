// Lineage both ways in a history of 100,000 things, beside a plain look-up of the same rows by their key.
import { hash } from 'node:crypto'
import { testPostgres } from '../../build/testkit/postgres.ts'
import { openDatabase } from '../../runtime/adapters/postgres.ts'
import { postgresRecords } from '../../runtime/adapters/postgres-records.ts'
import { prepareTeam } from '../../runtime/adapters/team-database.ts'
import type { LineageNode } from '../../runtime/lineage.ts'
import { resourceId } from '../../runtime/resource-name.ts'
import { uuidv7 } from '../../runtime/uuid.ts'
import { lineageRoutes } from '../../triggers/engine/routes-lineage.ts'

const DATASETS = 200
const VERSIONS = 84
const TIMES = 100

const { url } = await testPostgres()
const urls = await prepareTeam({ team: 'acme', adminUrl: url, password: () => 'bench' }, [
  { name: 'keeper', emits: [], folder: null },
])
const database = openDatabase({ url: urls.engine, schema: 'mezz' })
const keeper = openDatabase({ url: urls.of('keeper') })
const records = postgresRecords(database)
const app = lineageRoutes({ team: 'acme', records })

for (let dataset = 0; dataset < DATASETS; dataset++) await fill(`d${dataset}`)
await say('from a prediction back', () => ask(`d7@40/${uuidv7()}`))
await say('from bytes forward', () => ask(digestOf('d7', 40), 'forward'))
await say('from a view forward, all its history', () => ask('views/d7', 'forward'))
await say('from the code of all runs forward, the nearest 1,000', () => ask('code/gbdt', 'forward'))
await database.script('analyze')
process.stdout.write('after analyze\n')
await say('from a prediction back', () => ask(`d7@40/${uuidv7()}`))
await say('from bytes forward', () => ask(digestOf('d7', 40), 'forward'))
const made = await time(async () => {
  await keeper.query`select * from mezz.made_from('datasets', 'd7', null)`
})
process.stdout.write(`what hangs on a dataset of ${VERSIONS} versions, for a function: ${made}\n`)
const near = await time(async () => {
  await records.names()
})
process.stdout.write(`all names, for a name that is not known: ${near}\n`)
await Promise.all([database.close(), keeper.close()])

/** Each version of a dataset with its bytes, and the extraction, run, conversion and model version made of it. */
async function fill(name: string): Promise<void> {
  const at = new Date()
  const nodes: LineageNode[] = []
  const edges: { from: string; to: string; by: string }[] = []
  const add = (kind: string, its: string, version: string | undefined, from: readonly string[]): string => {
    const id = resourceId('acme', { kind, name: its, version })
    nodes.push({ id, kind, name: its, version, at })
    edges.push(...from.map((one) => ({ from: one, to: id, by: 'bench' })))
    return id
  }
  const code = add('code', 'gbdt', '1', [])
  const view = add('views', name, undefined, [])
  for (let version = 1; version <= VERSIONS; version++) {
    const dataset = add('datasets', name, `${version}`, [add('bytes', digestOf(name, version), undefined, [])])
    const run = add('runs', name, uuidv7(), [add('extractions', name, uuidv7(), [dataset, view]), code])
    add('models', name, `${version}`, [run, add('conversions', name, uuidv7(), [run])])
  }
  await records.lineage({ nodes: [...new Map(nodes.map((node) => [node.id, node])).values()], edges, deleted: [] })
}

function digestOf(name: string, version: number): string {
  return `sha256:${hash('sha256', `${name} ${version}`)}`
}

async function ask(of: string, direction = 'backward'): Promise<readonly LineageNode[]> {
  const answer = await app.request(`/lineage?of=${encodeURIComponent(of)}&direction=${direction}`)
  if (!answer.ok) throw new Error(await answer.text())
  const { nodes }: { nodes: readonly LineageNode[] } = Object(await answer.json())
  return nodes
}

async function say(what: string, work: () => Promise<readonly LineageNode[]>): Promise<void> {
  const ids = (await work()).map(({ id }) => id)
  const whole = await time(work)
  const plain = await time(() => database.query`select * from lineage_nodes where id = any (${ids}::text[])`)
  process.stdout.write(`${what}: ${ids.length} things, ${whole}; the same rows by their key ${plain}\n`)
}

/** Median and 99th percentile, warm. */
async function time(work: () => Promise<unknown>): Promise<string> {
  const took: number[] = []
  const end = performance.now() + 10_000
  for (let i = 0; i < TIMES && performance.now() < end; i++) {
    const begun = performance.now()
    await work()
    took.push(performance.now() - begun)
  }
  took.sort((a, b) => a - b)
  const at = (share: number): string => (took[Math.floor(took.length * share)] ?? NaN).toFixed(1)
  return `median ${at(0.5)} ms, p99 ${at(0.99)} ms`
}
