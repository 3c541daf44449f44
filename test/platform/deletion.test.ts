import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import * as z from 'zod'
import { testPostgres } from '../../build/testkit/postgres.ts'
import type { Database } from '../../runtime/adapters/postgres.ts'
import { openDatabase } from '../../runtime/adapters/postgres.ts'
import type { Table } from './chain.ts'
import { ask, begin, predict, published, someRow } from './chain.ts'
import { eventually } from './eventually.ts'
import { runMezz } from './mezz.ts'
import type { Dev } from './mezz-dev.ts'
import { startDev } from './mezz-dev.ts'

const IRIS: Table = { name: 'iris', file: 'test/data/iris.csv', target: 'target', task: 'classification' }

const Lineage = z.object({
  nodes: z.array(z.looseObject({ kind: z.string(), name: z.string(), deletedAt: z.string().nullish() })),
})
const Extractions = z.object({ items: z.array(z.unknown()) })
const Runs = z.object({ items: z.array(z.looseObject({ state: z.string() })) })
const Version = z.object({ version: z.number() })
const Flows = z.object({ items: z.array(z.looseObject({ state: z.string() })) })

describe('a deletion', () => {
  let root: string
  let dev: Dev
  let database: Database
  before(async () => {
    root = await mkdtemp(join(tmpdir(), 'mezz-deletion-'))
    const { url } = await testPostgres()
    dev = await startDev({ data: join(root, 'data'), folder: root, env: { DATABASE_URL: url } })
    database = openDatabase({ url: url.replace(/\/postgres$/, '/mezz_default'), most: 1 })
  })
  after(async () => {
    await database.close()
    await dev.stop()
    await rm(root, { recursive: true, force: true, maxRetries: 5 })
  })

  const at = (path: string) => `${dev.url}/default/${path}`
  const status = async (path: string) => (await fetch(at(path))).status
  const remove = async (path: string) => (await fetch(at(path), { method: 'DELETE' })).status
  const mezz = (...args: string[]) => runMezz([...args, '--url', dev.url], { cwd: root })
  const owners = async (...functions: string[]) => {
    const rows = await database.query<{ owner: string }>`
      select distinct owner from mezz.blobs where function = any (${functions}::text[]) order by owner`
    return rows.map(({ owner }) => owner)
  }
  const rest = () =>
    eventually('every flow has ended', async () =>
      (await ask(`${dev.url}/_mezz/flows?limit=1000`, Flows)).items.every(
        ({ state }) => !/running|waiting/.test(state),
      ),
    )
  const send = async (name: string, body: string | Uint8Array<ArrayBuffer>) => {
    const answer = await fetch(at(`ingest/datasets?name=${name}`), {
      method: 'POST',
      headers: { 'Content-Type': 'text/csv' },
      body,
    })
    assert.equal(answer.status, 201)
    return Version.parse(await answer.json()).version
  }

  it('of a dataset takes what only it is in, and leaves the model that was trained on it', async () => {
    await begin(dev.url, IRIS)
    await published(dev.url, 'iris')
    const row = await someRow(dev.url, 'iris')
    const before = await predict(dev.url, 'iris', [row])

    const dry = await mezz('delete', 'datasets/iris', '--dry')
    const unasked = await mezz('delete', 'datasets/iris')
    assert.equal(dry.code, 0, dry.error)
    assert.match(dry.out, /^goes {2}1 views: iris\n/m)
    assert.match(dry.out, /^goes {2}1 extractions: iris@[\s\S]*^stays {2}1 models: iris@1$/m)
    assert.deepEqual([unasked.code, await status('ingest/datasets/iris')], [2, 200])
    assert.match(unasked.error, /--yes deletes datasets\/iris/)
    const done = await mezz('delete', 'datasets/iris', '--yes')

    assert.equal(done.code, 0, done.error)
    assert.match(done.out, /^datasets\/iris is deleted$/m)
    await eventually('the view is gone', async () => (await status('features/views/iris')) === 404)
    await rest()
    assert.deepEqual(await ask(at('features/extractions'), Extractions), { items: [] })
    assert.deepEqual(await owners('ingest', 'features', 'annotate'), [])
    assert.equal(await status('ingest/datasets/iris'), 404)
    const after = await predict(dev.url, 'iris', [row])
    assert.deepEqual([after.version, after.predictions], [1, before.predictions])
    const { nodes } = await ask(`${dev.url}/_mezz/lineage?of=${encodeURIComponent(after.id)}`, Lineage)
    const dataset = nodes.find(({ kind }) => kind === 'datasets')
    assert.equal(dataset?.name, 'iris')
    assert.ok(dataset?.deletedAt)
    assert.equal((await fetch(at('train/pipelines/iris/runs'), { method: 'POST' })).status, 409)
  })

  it('of a dataset ends with it: a new one of its name is its next version, and is trained on', async () => {
    assert.equal(await send('iris', await readFile(IRIS.file)), 2)

    const model = await eventually('a second version', async () => {
      const found = await published(dev.url, 'iris')
      return found.published === 2 && found
    })

    assert.equal(model.versions.length, 2)
  })

  it('of a model takes its versions and what infer reads: it predicts no more, and its lineage still tells', async () => {
    const { id } = await predict(dev.url, 'iris', [{}])
    const dry = await mezz('delete', 'models/iris', '--dry')
    assert.match(dry.out, /^goes {2}2 models: iris@1, iris@2\nstays {2}1 pipelines: iris$/m)

    assert.equal(await remove('publish/models/iris'), 204)

    await eventually('it predicts no more', async () => {
      const body = JSON.stringify({ rows: [{}] })
      const headers = { 'Content-Type': 'application/json' }
      return (await fetch(at('infer/models/iris/predict'), { method: 'POST', headers, body })).status === 404
    })
    await rest()
    assert.deepEqual(await owners('publish', 'train', 'convert'), [])
    assert.equal(await remove('publish/models/iris'), 404)
    const { nodes } = await ask(`${dev.url}/_mezz/lineage?of=${encodeURIComponent(id)}`, Lineage)
    assert.ok(nodes.find(({ kind, deletedAt }) => kind === 'models' && deletedAt))
    const { items } = await ask(at('train/runs?model=iris'), Runs)
    assert.deepEqual(
      items.map(({ state }) => state),
      ['succeeded', 'succeeded'],
    )
  })

  it('of all that a running chain is made of leaves nothing, at whatever moment', async () => {
    assert.equal(await remove('ingest/datasets/iris'), 204)
    for (let turn = 0; turn < 6; turn++) {
      const name = `chain-${turn}`
      await begin(dev.url, { ...IRIS, name })
      await moment(turn, name)
      await Promise.all([
        remove(`ingest/datasets/${name}`),
        remove(`train/pipelines/${name}`),
        eventually('a model is gone, or never was', async () => {
          const answer = await remove(`publish/models/${name}`)
          const runs = await ask(at(`train/runs?model=${name}`), Runs)
          return answer === 204 || runs.items.every(({ state }) => state === 'cancelled')
        }),
      ])
    }
    await rest()

    assert.deepEqual(await owners('ingest', 'features', 'train', 'convert', 'publish'), [])
    for (let turn = 0; turn < 6; turn++) {
      const name = `chain-${turn}`
      const paths = [`ingest/datasets/${name}`, `features/views/${name}`, `train/pipelines/${name}`]
      for (const path of [...paths, `publish/models/${name}`]) assert.equal(await status(path), 404, path)
    }
  })

  /** A chain that is so far: from its first step on, or wherever it is then. */
  async function moment(turn: number, name: string): Promise<void> {
    if (turn === 0) return
    if (turn <= 2) await eventually('features are there', async () => (await status(`features/views/${name}`)) === 200)
    if (turn <= 4 && turn > 1)
      await eventually('a run is there', async () => (await ask(at(`train/runs?model=${name}`), Runs)).items.length > 0)
    if (turn === 5)
      await eventually('a run has ended', async () =>
        (await ask(at(`train/runs?model=${name}`), Runs)).items.some(({ state }) => state === 'succeeded'),
      )
  }
})
