import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { it } from 'node:test'
import type { FunctionTest } from '../../build/testkit/setup.ts'
import { setup } from '../../build/testkit/setup.ts'
import features from '../../functions/features/function.ts'
import { duckdbTables } from '../../runtime/adapters/duckdb.ts'
import { datasetIngested, featuresExtracted } from '../../triggers/events.ts'
import { meet, pause, rounds } from '../race.ts'

/** Two instances of features, and versions of a dataset for them. */
async function desk() {
  const one = await setup(features, { pause })
  const other = await one.beside()
  const tables = duckdbTables({
    objects: one.objects,
    folder: join(tmpdir(), 'mezz-races-datasets'),
    memoryLimit: '150MB',
  })
  const { rows, ...part } = await tables.open({}, (session) => session.store('select 1.5 as x, 2 as y'))
  const schema = ['x', 'y'].map((name) => ({ name, type: 'number' as const }))
  const version = (dataset: string, number: number) => {
    const digest = `sha256:${number}`
    return { dataset, version: number, kind: 'table' as const, parts: [part], schema, rows, digest }
  }
  return { one, other, version }
}

/** What was extracted of a dataset: `view@version` of its events, its rows and its kept blobs. */
async function extractedOf(bench: FunctionTest, dataset: string) {
  const told = (await bench.emitted())
    .map(({ data }) => featuresExtracted.data.parse(data))
    .filter(({ inputs }) => inputs.some((input) => input.dataset === dataset))
  const rows = await bench.query<{ id: string; view: string; version: number }>`
    select id, view, version from extractions where dataset = ${dataset}`
  const kept = new Set(await bench.kept())
  return {
    told: told.map(({ view, inputs }) => `${view}@${inputs[0]?.version}`).sort(),
    rows: rows.map(({ view, version }) => `${view}@${version}`).sort(),
    kept: rows.filter(({ id }) => kept.has(`extractions/${id}`)).length,
  }
}

it('an event of a dataset that two instances handle at once is extracted once by each view', async () => {
  const { one, other, version } = await desk()

  await rounds(async (round) => {
    const name = `same-${round}`
    await one.send('PUT', `/views/${name}-x`, { dataset: name, leaveOut: ['y'] })
    const id = randomUUID()
    const answers = await meet(
      () => one.deliver(datasetIngested, version(name, 1), { id }),
      () => other.deliver(datasetIngested, version(name, 1), { id }),
    )

    const all = [`${name}-x@1`, `${name}@1`].sort()
    assert.deepEqual(
      answers.map(({ status }) => status),
      [204, 204],
    )
    assert.deepEqual(await extractedOf(one, name), { told: all, rows: all, kept: 2 })
  })

  await Promise.all([one.close(), other.close()])
})

it('two versions that come in at once, while a view is put, are each extracted once, the newest by each view', async () => {
  const { one, other, version } = await desk()
  const until = async (bench: FunctionTest, name: string, number: number, id: string): Promise<number> => {
    const { status } = await bench.deliver(datasetIngested, version(name, number), { id })
    return status === 503 ? until(bench, name, number, id) : status
  }

  await rounds(async (round) => {
    const name = `two-${round}`
    const answers = await meet(
      () => until(one, name, 1, `${name}-1`),
      () => until(other, name, 2, `${name}-2`),
      async () => (await one.send('PUT', `/views/${name}-x`, { dataset: name, leaveOut: ['y'] })).status,
    )

    assert.deepEqual(answers, [204, 204, 201])
    const { told, rows, kept } = await extractedOf(one, name)
    assert.deepEqual(told, rows)
    assert.equal(kept, rows.length)
    assert.equal(new Set(rows).size, rows.length)
    assert.deepEqual(
      rows.filter((row) => row.startsWith(`${name}@`)),
      [`${name}@1`, `${name}@2`],
    )
    assert.ok(rows.includes(`${name}-x@2`))
  })

  await Promise.all([one.close(), other.close()])
})
