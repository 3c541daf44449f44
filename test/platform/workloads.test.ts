import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import * as z from 'zod'
import { ask, CELLS, published, someRow } from './chain.ts'
import { eventually } from './eventually.ts'
import type { Dev } from './mezz-dev.ts'
import { startDev } from './mezz-dev.ts'

const NAME = 'infer-cells'
const Status = z.object({
  functions: z.array(z.object({ name: z.string(), processes: z.number(), summary: z.string().optional() })),
})
const Model = z.object({ endpoint: z.string().optional() })
const Answer = z.object({ id: z.string(), version: z.number(), predictions: z.array(z.unknown()) })

describe('a model with serving of its own', { timeout: 300_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'mezz-workloads-'))
  const options = { data: join(folder, 'data'), folder: join(folder, 'empty'), idle: '2s' }
  let dev: Dev
  let row: Record<string, unknown>
  before(async () => {
    mkdirSync(options.folder)
    dev = await startDev(options)
  })
  after(async () => {
    await dev.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  const put = (pipeline: object) =>
    fetch(`${dev.url}/default/train/pipelines/cells`, {
      method: 'PUT',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ dataset: CELLS.name, target: CELLS.target, task: CELLS.task, ...pipeline }),
    })
  const post = (path: string, body: object, redirect: 'follow' | 'manual' = 'follow') =>
    fetch(`${dev.url}/default/${path}`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
      redirect,
    })
  const predictions = async (name: string) => {
    const answer = await post(`${name}/models/cells/predict`, { rows: [row] })
    return { by: answer.headers.get('x-mezz-process') ?? '', ...Answer.parse(await answer.json()) }
  }
  const processes = async (name: string) => {
    const { functions } = await ask(`${dev.url}/_mezz/status`, Status)
    return functions.find((one) => one.name === name)?.processes ?? null
  }

  it('shares the processes of infer where its pipeline asks for none', async () => {
    assert.equal((await put({})).status, 201)
    const sent = await fetch(`${dev.url}/default/ingest/datasets?name=cells`, {
      method: 'POST',
      headers: { 'Content-Type': 'text/csv' },
      body: readFileSync(CELLS.file),
    })
    assert.equal(sent.status, 201)
    await published(dev.url, 'cells')
    row = await someRow(dev.url, 'cells')

    assert.match((await predictions('infer')).by, /^infer-\d+$/)
    assert.equal((await ask(`${dev.url}/default/publish/models/cells`, Model)).endpoint, undefined)
  })

  it('refuses a GPU that this machine does not have, and never takes the processor in silence', async () => {
    for (const [order, pointer] of [
      [{ gpu: { count: 1 } }, '/gpu'],
      [{ serving: { gpu: { count: 1 } } }, '/serving/gpu'],
    ] as const) {
      const answer = await put(order)
      const { code, errors } = z
        .object({ code: z.string(), errors: z.array(z.object({ pointer: z.string() })) })
        .parse(await answer.json())
      assert.deepEqual([answer.status, code, errors[0]?.pointer], [422, 'gpu_unavailable', pointer])
    }
  })

  it('gets its own by the next version, which infer sends on to: the same answers, bit for bit', async () => {
    const shared = await predictions('infer')

    assert.equal((await put({ serving: { resources: { cpu: '1', memory: '700Mi' }, scale: { max: 1 } } })).status, 200)
    await eventually('an endpoint', async () => {
      const { endpoint } = await ask(`${dev.url}/default/publish/models/cells`, Model)
      return endpoint === NAME && (await post('infer/models/cells/predict', { rows: [row] }, 'manual')).status === 307
    })

    const moved = await post('infer/models/cells/predict', { rows: [row] }, 'manual')
    const place = new URL(moved.headers.get('location') ?? '', moved.url).pathname
    assert.equal(place, `/default/${NAME}/models/cells/predict`)
    const byWay = await predictions('infer')
    const direct = await predictions(NAME)
    assert.match(byWay.by, /^infer-cells-\d+$/)
    assert.deepEqual(byWay.predictions, shared.predictions)
    assert.deepEqual(direct.predictions, shared.predictions)
    assert.match(direct.id, /^cells@2\//)
    const open = await fetch(`${dev.url}/default/infer/v2/models/cells/ready`)
    assert.equal(new URL(open.url).pathname, `/default/${NAME}/v2/models/cells/ready`)
    assert.deepEqual(await open.json(), { name: 'cells', ready: true })
    assert.equal((await post(`${NAME}/models/other/predict`, { rows: [row] })).status, 404)
  })

  it('scales to zero, and stands in the list of functions', async () => {
    assert.equal((await predictions(NAME)).version, 2)
    await eventually('no process', async () => (await processes(NAME)) === 0)

    const { functions } = await ask(`${dev.url}/_mezz/status`, Status)
    assert.equal(functions.find(({ name }) => name === NAME)?.summary, 'Serves the model cells alone')
  })

  it('comes back by itself when the platform was killed', async () => {
    const before = await predictions(NAME)
    await dev.killAll()
    dev = await startDev(options)

    assert.deepEqual((await predictions('infer')).predictions, before.predictions)
    assert.deepEqual((await predictions(NAME)).predictions, before.predictions)
  })

  it('goes when a version is published that asks for none', async () => {
    const back = await post('publish/models/cells/rollback', {})

    assert.equal(back.status, 200)
    await eventually('no workload', async () => (await processes(NAME)) === null)
    assert.equal((await post(`${NAME}/models/cells/predict`, { rows: [row] })).status, 404)
    await eventually('infer itself', async () => {
      return (await post('infer/models/cells/predict', { rows: [row] }, 'manual')).status === 200
    })
    assert.equal((await predictions('infer')).version, 1)
  })

  it('goes with the model', async () => {
    assert.equal((await post('publish/models/cells/versions/2/publish', {})).status, 200)
    await eventually('the workload', async () => (await processes(NAME)) !== null)
    assert.equal((await predictions(NAME)).version, 2)

    const gone = await fetch(`${dev.url}/default/publish/models/cells`, { method: 'DELETE' })

    assert.ok(gone.ok, `${gone.status}`)
    await eventually('no workload', async () => (await processes(NAME)) === null)
    assert.equal((await post(`${NAME}/models/cells/predict`, { rows: [row] })).status, 404)
  })
})
