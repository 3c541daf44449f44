import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { describe, it } from 'node:test'
import { scoreTable } from '../../../functions/infer/batch/score-table.ts'
import { predictions } from '../../../functions/infer/predictions.ts'
import type { Scorer } from '../../../functions/infer/scorer.ts'
import { scorer } from '../../../functions/infer/scorer.ts'
import { fileRef, programModels, programTables } from '../../../runtime/program.ts'
import { identifier, literal } from '../../../runtime/tabular/quote.ts'
import { mixedRows, realRows } from './tables.ts'
import type { Table, TableRow } from './trained.ts'
import { train } from './trained.ts'

const TYPES = { number: 'DOUBLE', boolean: 'BOOLEAN', time: 'TIMESTAMP', text: 'VARCHAR' } as const
const ref = { name: 'none', sha256: '', bytes: 0 }

/** A model of a table, and folders for sessions and what they store. */
async function setup(t: TestContext, table: Table) {
  const folder = await mkdtemp(join(tmpdir(), 'score-table-'))
  const models = programModels()
  t.after(async () => {
    await models.close()
    await rm(folder, { recursive: true })
  })
  const trained = train(table, 5)
  const { definition, encoder, signature } = trained
  const parts = { format: 1 as const, model: 'm', run: 'r', graph: ref, encoder, definition, signature }
  const ready = scorer(parts, await models.load(trained.graph))
  const output = join(folder, 'out')
  await mkdir(output)
  const tables = programTables({ folder: join(folder, 'tmp'), output, memoryLimit: '150MB' })
  const columns = table.columns.map(({ name, type }) => `${identifier(name)} ${TYPES[type]}`)

  /** Stores rows as Parquet files of at most 40 rows each. */
  async function store(rows: readonly TableRow[], types = columns) {
    return tables.open({}, async (session) => {
      const names = table.columns.map(({ name }) => name)
      await session.query(`create table t ("no" integer, ${types.join(', ')})`)
      const values = rows.map((row, at) => `(${[at, ...names.map((name) => sql(row[name]))].join(', ')})`)
      await session.query(`insert into t values ${values.join(', ')}`)
      const found: ReturnType<typeof fileRef>[] = []
      for (let at = 0; at < rows.length; at += 40) {
        const { name } = await session.store(`select * exclude "no" from t order by "no" limit 40 offset ${at}`)
        found.push(fileRef(join(output, name)))
      }
      return found
    })
  }
  async function score(
    data: readonly ReturnType<typeof fileRef>[],
    keep: Parameters<typeof scoreTable>[1]['keep'] = [],
  ) {
    const done: number[] = []
    const read = ready.columns.map(({ name }) => name)
    const result = await tables.open({ data }, (session) =>
      scoreTable(session, { scorer: ready, read, keep, done: (rows) => done.push(rows) }),
    )
    const rows = await tables.open({ p: [fileRef(join(output, result.part))] }, (session) =>
      session.query<Record<string, unknown>>('select * from p'),
    )
    return { result, rows, done }
  }
  return { ready, tables, store, score, output }
}

function sql(value: unknown): string {
  if (value === null || value === undefined) return 'null'
  return typeof value === 'string' ? literal(value) : String(value)
}

/** Predictions as `predict` answers them, by the names that they have in a table. */
async function alone({ signature, score }: Scorer, rows: readonly TableRow[]): Promise<Record<string, unknown>[]> {
  return predictions(signature, await score(rows)).map((one) => {
    if ('value' in one) return one
    const each = Object.entries(one.probabilities).map(([name, value]) => [`probability.${name}`, value])
    return { label: one.label, ...Object.fromEntries(each) }
  })
}

describe('a table', () => {
  for (const [what, table] of [
    ['two classes of numbers', realRows('breast-cancer', 'target', ['target'])],
    ['three classes of texts', realRows('iris', 'target', ['target'])],
    ['a number', mixedRows(1, 'number')],
    ['true and false', mixedRows(2, 'truth')],
    ['grades', mixedRows(3, 'grade')],
  ] as const) {
    it(`is predicted in the order of its rows, to the last bit as each is alone: ${what}`, async (t) => {
      const { ready, tables, store, score } = await setup(t, table)
      const data = await store(table.rows)

      const { result, rows, done } = await score(data)

      const asked = await tables.open({ data }, (session) => session.query<TableRow>('select * from data'))
      assert.deepEqual(rows, await alone(ready, asked))
      assert.deepEqual([result.rows, result.unpredicted, done.at(-1)], [table.rows.length, 0, table.rows.length])
      assert.deepEqual(
        Object.keys(rows[0] ?? {}),
        result.schema.map(({ name }) => name),
      )
    })
  }

  it('keeps the columns that were asked for before the predictions', async (t) => {
    const table = realRows('iris', 'target', ['target'])
    const { store, score } = await setup(t, table)

    const { result, rows } = await score(await store(table.rows), [{ name: 'target', type: 'text' }])

    assert.deepEqual(result.schema.slice(0, 2), [
      { name: 'target', type: 'text' },
      { name: 'label', type: 'text' },
    ])
    assert.deepEqual(
      rows.map((row) => row['target']),
      table.rows.map((row) => row['target']),
    )
  })

  it('has a reason in place of a prediction where a row does not parse, and spoils no other one', async (t) => {
    const table = mixedRows(1, 'number')
    const { ready, store, score } = await setup(t, table)
    const types = table.columns.map(
      ({ name, type }) => `${identifier(name)} ${name === 'size' ? 'VARCHAR' : TYPES[type]}`,
    )
    const odd = table.rows.slice(0, 5).map((row, at) => (at === 1 || at === 4 ? { ...row, size: 'a "b", c' } : row))

    const { result, rows } = await score(await store(odd, types))

    const expected = await alone(
      ready,
      [0, 2, 3].map((at) => table.rows[at] ?? {}),
    )
    assert.deepEqual([result.rows, result.unpredicted], [5, 2])
    assert.deepEqual(result.schema.at(-1), { name: 'error', type: 'text' })
    const none = { value: null, error: 'size: expected a number, got "a \\"b\\", c"' }
    const good = expected.map((one) => ({ ...one, error: null }))
    assert.deepEqual(rows, [good[0], none, good[1], good[2], none])
  })

  it('of which no row parses is refused with the first reason, and leaves no file', async (t) => {
    const table = mixedRows(1, 'number')
    const { store, score, output } = await setup(t, table)
    const types = table.columns.map(
      ({ name, type }) => `${identifier(name)} ${name === 'size' ? 'VARCHAR' : TYPES[type]}`,
    )
    const data = await store(
      [
        { ...table.rows[0], size: 'x' },
        { ...table.rows[1], size: 'y' },
      ],
      types,
    )
    const before = await readdir(output)

    await assert.rejects(score(data), {
      code: 'unprocessable',
      message: 'no row could be predicted; the first one: size: expected a number, got "x"',
    })
    assert.deepEqual(await readdir(output), before)
  })
})
