import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { after, before, describe, it } from 'node:test'
import * as z from 'zod'
import { folderObjects } from '../../runtime/adapters/folder.ts'
import { ask, predict, published } from './chain.ts'
import type { Dev } from './mezz-dev.ts'
import { startDev } from './mezz-dev.ts'
import type { UnseenTable } from './unseen-table.ts'
import { unseenTable } from './unseen-table.ts'

const SEEDS = Array.from({ length: 20 }, (_, index) => index + 1)
const EQUAL = 1e-12

const Reference = z.object({ rows: z.array(z.array(z.number().nullable())), raw: z.array(z.array(z.number())) })
const Metadata = z.object({
  inputs: z.array(z.object({ name: z.string(), datatype: z.enum(['FP64', 'BOOL', 'BYTES']) })),
})
const Tensors = z.object({
  outputs: z.array(z.object({ name: z.string(), shape: z.array(z.number()), data: z.array(z.unknown()) })),
})

describe('a table that nobody has seen', () => {
  let root = ''
  let dev: Dev
  before(async () => {
    root = await mkdtemp(join(tmpdir(), 'mezz-unseen-'))
    dev = await startDev({ data: join(root, 'data'), folder: root })
  })
  after(async () => {
    await dev.stop()
    await rm(root, { recursive: true, force: true })
  })

  for (const seed of SEEDS) {
    const table = unseenTable(seed)
    it(`of seed ${seed} (${table.task}) goes through HTTP alone to predictions that equal the trainer's scores`, async () => {
      await send(dev.url, table)
      await published(dev.url, table.name)
      // Every fifth row is held out, and none lacks its target.
      const rows = table.rows.filter((_, index) => index % 5 === 4).map(({ 目标: _, ...row }) => row)

      const { predictions } = await predict(dev.url, table.name, rows)

      const scores = await trainersScores(join(root, 'data'), table)
      assert.equal(scores.length, rows.length)
      const answered = predictions.map((one) =>
        'value' in one && one.value !== undefined
          ? [one.value]
          : Object.values(z.record(z.string(), z.number()).parse(one['probabilities'])),
      )
      near(answered, scores)
      near(await byOpenInference(dev.url, table, rows), scores)
    })
  }
})

async function send(url: string, { name, task, target, bytes }: UnseenTable): Promise<void> {
  const dataset = await fetch(`${url}/default/ingest/datasets?name=${name}`, {
    method: 'POST',
    headers: { 'Content-Type': 'text/csv' },
    // In odd pieces, so that characters lie across their borders.
    body: ReadableStream.from(pieces(bytes, 997)),
    duplex: 'half',
  })
  assert.equal(dataset.status, 201, await dataset.text())
  const pipeline = await fetch(`${url}/default/train/pipelines/${name}`, {
    method: 'PUT',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ dataset: name, target, task, parameters: { rounds: 30 } }),
  })
  assert.equal(pipeline.status, 201, await pipeline.text())
}

function* pieces(bytes: Uint8Array, size: number): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

/** What the trainer itself said of the rows held out, through its link: probabilities in the order of the classes, or the value. */
async function trainersScores(data: string, { name, task }: UnseenTable): Promise<number[][]> {
  const objects = folderObjects(join(data, 'objects'))
  const names = (await objects.list('jobs/', { limit: 10_000 })).map((one) => one.name)
  // Job ids grow with time, and one table is trained after the other.
  const last = names
    .filter((one) => one.endsWith('/reference.json'))
    .sort()
    .at(-1)
  assert.ok(last, `no run of ${name} has left its scores`)
  const found = await objects.read(last)
  assert.ok(found)
  const { raw } = Reference.parse(JSON.parse(await text(found.body)))
  return raw.map((scores) => (task === 'regression' ? scores : probabilities(scores)))
}

function probabilities(raw: readonly number[]): number[] {
  const [first = 0] = raw
  if (raw.length === 1) {
    const p = 1 / (1 + Math.exp(-first))
    return [1 - p, p]
  }
  const most = Math.max(...raw)
  const powers = raw.map((score) => Math.exp(score - most))
  const sum = powers.reduce((a, b) => a + b, 0)
  return powers.map((power) => power / sum)
}

async function byOpenInference(
  url: string,
  { name, task }: UnseenTable,
  rows: readonly Readonly<Record<string, string>>[],
): Promise<number[][]> {
  const model = `${url}/default/infer/v2/models/${name}`
  const { inputs } = await ask(model, Metadata)
  const answer = await fetch(`${model}/infer`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({
      inputs: inputs.map((input) => ({
        ...input,
        shape: [rows.length],
        data: rows.map((row) => typed(row[input.name] ?? '', input.datatype)),
      })),
    }),
  })
  assert.equal(answer.status, 200, await answer.clone().text())
  const { outputs } = Tensors.parse(await answer.json())
  const wanted = outputs.find((one) => one.name === (task === 'regression' ? 'value' : 'probabilities'))
  const width = (wanted?.data.length ?? 0) / rows.length
  return rows.map((_, row) => Array.from({ length: width }, (_, column) => Number(wanted?.data[row * width + column])))
}

function typed(value: string, datatype: 'FP64' | 'BOOL' | 'BYTES'): unknown {
  if (value === '' || value === 'NA') return null
  if (datatype === 'FP64') return Number(value)
  return datatype === 'BOOL' ? value === 'true' : value
}

function near(found: readonly (readonly number[])[], wanted: readonly (readonly number[])[]): void {
  assert.equal(found.length, wanted.length)
  found.forEach((row, at) => {
    row.forEach((value, column) => {
      const expected = wanted[at]?.[column] ?? Number.NaN
      assert.ok(
        Math.abs(value - expected) <= EQUAL * Math.max(1, Math.abs(expected)),
        `row ${at}: ${value} is not ${expected}`,
      )
    })
  })
}
