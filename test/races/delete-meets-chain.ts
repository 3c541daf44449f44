import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, it } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import * as z from 'zod'
import { testPostgres } from '../../build/testkit/postgres.ts'
import { folderObjects } from '../../runtime/adapters/folder.ts'
import type { Database } from '../../runtime/adapters/postgres.ts'
import { openDatabase } from '../../runtime/adapters/postgres.ts'
import type { Table } from '../platform/chain.ts'
import { ask, begin, published } from '../platform/chain.ts'
import { eventually } from '../platform/eventually.ts'
import type { Dev } from '../platform/mezz-dev.ts'
import { processesOf, startDev } from '../platform/mezz-dev.ts'
import { chance, ROUNDS, rounds } from '../race.ts'

const IRIS: Table = { name: 'iris', file: 'test/data/iris.csv', target: 'target', task: 'classification' }
const THINGS = ['ingest/datasets', 'features/views', 'train/pipelines', 'publish/models'] as const
/** Chains that run at once. */
const AT_ONCE = 4

const Runs = z.object({ items: z.array(z.looseObject({ state: z.string() })) })
const Flows = z.object({ items: z.array(z.looseObject({ state: z.string() })) })

let root: string
let dev: Dev
let database: Database
before(async () => {
  root = await mkdtemp(join(tmpdir(), 'mezz-race-delete-'))
  const { url } = await testPostgres()
  dev = await startDev({ data: join(root, 'data'), folder: root, env: { DATABASE_URL: url } })
  database = openDatabase({ url: url.replace(/\/postgres$/, '/mezz_default'), most: 1 })
})
after(async () => {
  await database.close()
  await rm(root, { recursive: true, force: true, maxRetries: 5 })
})

it('a deletion that meets a running chain at whatever moment ends it, and leaves nothing of the thing', async () => {
  const began = performance.now()
  await begin(dev.url, { ...IRIS, name: 'first' })
  await published(dev.url, 'first')
  const whole = performance.now() - began
  const under = new Set<Promise<void>>()
  const gone: { readonly thing: string; readonly name: string }[] = []

  await rounds(async (round) => {
    const name = `chain-${round}`
    const thing = THINGS[Math.floor(chance() * THINGS.length)] ?? THINGS[0]
    const moment = chance() * whole * 1.2
    const one = (async () => {
      await begin(dev.url, { ...IRIS, name })
      await wait(moment)
      if ((await remove(`${thing}/${name}`)) === 204) gone.push({ thing, name })
    })()
    under.add(one)
    void one.then(() => under.delete(one))
    if (under.size >= AT_ONCE) await Promise.race(under)
  })
  await Promise.all(under)
  await rest()

  for (const { thing, name } of gone) assert.equal(await status(`${thing}/${name}`), 404, `${thing}/${name}`)
  for (let round = 0; round < ROUNDS; round++) {
    const { items } = await ask(at(`train/runs?model=chain-${round}`), Runs)
    assert.ok(items.length <= 1, `chain-${round} has ${items.length} runs`)
    for (const { state } of items) assert.match(state, /^(succeeded|failed|cancelled)$/, `chain-${round}`)
  }
  assert.deepEqual(await leftOf('ingest', 'datasets'), [])
  assert.deepEqual(await leftOf('publish', 'models'), [])
  assert.ok(gone.length > ROUNDS / 4)

  for (const name of ['first', ...Array.from({ length: ROUNDS }, (_, round) => `chain-${round}`)]) {
    await Promise.all(THINGS.filter((one) => one !== 'features/views').map((thing) => remove(`${thing}/${name}`)))
  }
  await rest()
  const owners = await database.query<{ owner: string }>`
    select distinct function || ' ' || owner as owner from mezz.blobs
    where function = any (${['ingest', 'features', 'train', 'convert', 'publish']}::text[])`
  assert.deepEqual(owners, [])
  assert.deepEqual(await folderObjects(join(dev.data, 'objects')).list('models/'), [])
  const [open] = await database.query<{ n: number }>`
    select count(*) as n from mezz.jobs where state in ('queued', 'running')`
  assert.equal(open?.n, 0)
  assert.equal(await dev.stop(), 0)
  assert.deepEqual(processesOf(dev.data), [])

  /** Blobs and aliases that are still kept for things of this kind that were deleted. */
  async function leftOf(owner: string, kind: string): Promise<string[]> {
    const names = gone.filter(({ thing }) => thing === `${owner}/${kind}`).map(({ name }) => name)
    const rows = await database.query<{ owner: string }>`
      select distinct owner from mezz.blobs
      where function = ${owner} and split_part(owner, '/', 1) = ${kind} and split_part(owner, '/', 2) = any (${names}::text[])`
    return rows.map((row) => row.owner)
  }
})

function at(path: string): string {
  return `${dev.url}/default/${path}`
}

async function status(path: string): Promise<number> {
  return (await fetch(at(path))).status
}

async function remove(path: string): Promise<number> {
  const { status: code } = await fetch(at(path), { method: 'DELETE' })
  assert.ok(code === 204 || code === 404, `DELETE ${path} answered ${code}`)
  return code
}

/** Resolves when nothing is under way any more. */
function rest(): Promise<true> {
  return eventually(
    'every flow has ended',
    async () => {
      const [row] = await database.query<{ n: number }>`
        select (select count(*) from mezz.outbox) + (select count(*) from mezz.jobs where state in ('queued', 'running')) as n`
      const { items } = await ask(`${dev.url}/_mezz/flows?limit=1000`, Flows)
      return row?.n === 0 && items.every(({ state }) => !/running|waiting/.test(state)) && true
    },
    300,
  )
}
