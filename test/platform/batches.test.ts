import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import * as z from 'zod'
import { Batch } from '../../functions/infer/batches/batch.ts'
import { ask, begin, CELLS, predict, published } from './chain.ts'
import { eventually } from './eventually.ts'
import type { Dev } from './mezz-dev.ts'
import { startDev } from './mezz-dev.ts'

type Row = Record<string, string | number | boolean | null>

const Rows = z.object({
  items: z.array(z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()]))),
})
const Version = z.object({
  version: z.number(),
  rows: z.number(),
  columns: z.array(z.looseObject({ name: z.string() })),
})
const Lineage = z.object({ nodes: z.array(z.looseObject({ id: z.string() })) })

describe('a whole dataset', () => {
  let root = ''
  let dev: Dev
  before(async () => {
    root = await mkdtemp(join(tmpdir(), 'mezz-batches-'))
    dev = await startDev({ data: join(root, 'data'), folder: root })
    await begin(dev.url, CELLS)
    await published(dev.url, 'cells')
  })
  after(async () => {
    await dev?.stop()
    await rm(root, { recursive: true, force: true })
  })

  const order = (body: object, headers: Record<string, string> = {}) =>
    fetch(`${dev.url}/default/infer/models/cells/batches`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', ...headers },
      body: JSON.stringify(body),
    })
  const rowsOf = async (dataset: string) =>
    (await ask(`${dev.url}/default/ingest/datasets/${dataset}/versions/1/rows?limit=1000`, Rows)).items
  const send = (name: string, csv: string) =>
    fetch(`${dev.url}/default/ingest/datasets?name=${name}`, {
      method: 'POST',
      headers: { 'Content-Type': 'text/csv' },
      body: csv,
    })
  const ended = (location: string) =>
    eventually(`the end of ${location}`, async () => {
      const batch = await ask(`${dev.url}${location}`, Batch)
      return ['succeeded', 'failed', 'cancelled'].includes(batch.state) && batch
    })

  it('is predicted by a job: a dataset with a row for each of its rows, equal to predict', async () => {
    const answer = await order({ dataset: 'cells', keep: ['target'] }, { 'Idempotency-Key': 'once' })
    const again = await order({ dataset: 'cells', keep: ['target'] }, { 'Idempotency-Key': 'once' })

    assert.equal(answer.status, 202, await answer.clone().text())
    const { id, result } = Batch.parse(await answer.json())
    assert.equal(Batch.parse(await again.json()).id, id)
    const location = answer.headers.get('location') ?? ''
    const batch = await ended(location)
    assert.deepEqual(
      [batch.state, batch.progress, batch.result, batch.resultVersion, batch.unpredicted, batch.error],
      ['succeeded', 1, 'cells-cells-predictions', 1, 0, undefined],
    )
    const rows = await rowsOf('cells')
    const made = await rowsOf(result)
    const { predictions } = await predict(dev.url, 'cells', rows)
    const expected = predictions.map(({ label, probabilities }, at): unknown => {
      const each = Object.entries(z.record(z.string(), z.number()).parse(probabilities))
      const named = each.map(([name, value]) => [`probability.${name}`, value])
      return { target: rows[at]?.['target'], label, ...Object.fromEntries(named) }
    })
    assert.equal(made.length, 569)
    assert.deepEqual(made, expected)
    const version = await ask(`${dev.url}/default/ingest/datasets/${result}`, Version)
    assert.deepEqual([version.version, version.rows], [1, 569])
    const { nodes } = await ask(`${dev.url}/_mezz/lineage?of=mezz://default/datasets/${result}@1`, Lineage)
    const ids = nodes.map((node) => node.id)
    assert.ok(
      ids.includes('mezz://default/models/cells@1') && ids.includes('mezz://default/datasets/cells@1'),
      `${ids}`,
    )
  })

  it('that was predicted before by the same model gives the same version', async () => {
    const answer = await order({ dataset: 'cells', keep: ['target'] })

    const batch = await ended(answer.headers.get('location') ?? '')

    assert.deepEqual([batch.state, batch.resultVersion], ['succeeded', 1])
  })

  it('has no prediction, and the reason, where a row does not parse as the model takes it', async () => {
    const [row = {}, other = {}]: Row[] = await rowsOf('cells')
    const names = Object.keys(row).filter((name) => name !== 'target')
    const [first = ''] = names
    const line = (one: Row) => names.map((name) => one[name]).join(',')
    const csv = `${names.join(',')}\n${line(row)}\n${line({ ...other, [first]: 'tall' })}\n${line(other)}\n`
    assert.equal((await send('odd', csv)).status, 201)

    const answer = await eventually('infer to know the dataset', async () => {
      const one = await order({ dataset: 'odd', name: 'guesses' })
      return one.status !== 404 && one
    })
    const batch = await ended(answer.headers.get('location') ?? '')

    assert.deepEqual([batch.state, batch.unpredicted], ['succeeded', 1])
    const made = await rowsOf('guesses')
    const { predictions } = await predict(dev.url, 'cells', [row, other])
    assert.deepEqual(
      made.map(({ label }) => label),
      [predictions[0]?.label, null, predictions[1]?.label],
    )
    assert.deepEqual(
      made.map(({ error }) => error),
      [null, `${first}: expected a number, got "tall"`, null],
    )
  })

  it('is predicted no further once it is cancelled, and leaves no dataset', async () => {
    const rows = await rowsOf('cells')
    const names = Object.keys(rows[0] ?? {})
    const lines = rows.map((row) => `${names.map((name) => row[name]).join(',')}\n`).join('')
    assert.equal((await send('long', `${names.join(',')}\n${lines.repeat(400)}`)).status, 201)
    const answer = await eventually('infer to know the dataset', async () => {
      const one = await order({ dataset: 'long' })
      return one.status !== 404 && one
    })
    const url = `${dev.url}${answer.headers.get('location')}`
    const seen = await eventually('progress', async () => {
      const batch = await ask(url, Batch)
      return batch.progress > 0 && batch
    })

    const asked = await fetch(`${url}/cancel`, { method: 'POST' })

    assert.equal(seen.state, 'running')
    assert.ok(seen.progress < 1)
    assert.equal(asked.status, 202)
    const batch = await ended(answer.headers.get('location') ?? '')
    assert.equal(batch.state, 'cancelled')
    assert.equal((await fetch(`${dev.url}/default/ingest/datasets/long-cells-predictions`)).status, 404)
    assert.equal((await fetch(`${url}/cancel`, { method: 'POST' })).status, 200)
  })
})
