import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { aimAt, Definition, define } from '../../../runtime/tabular/definition.ts'
import { rowFeatures } from '../../../runtime/tabular/row.ts'
import { selectFeatures } from '../../../runtime/tabular/sql.ts'
import { setupTables } from '../../functions/ingest/tables.ts'
import { seeded } from '../../seeded.ts'
import { csvOf, randomTable } from './random-table.ts'

const { takeIn, tables } = setupTables()

describe('a definition says the same of tables and of rows', () => {
  const seen = new Set<string>()

  for (let seed = 1; seed <= 24; seed++) {
    it(`bit for bit, on random table ${seed}`, async () => {
      const table = randomTable(seed)
      const { columns, part } = await takeIn(csvOf(table))
      // As it travels: through JSON.
      const definition = Definition.parse(JSON.parse(JSON.stringify(define(columns))))
      const target = table.names[Math.floor(seeded(seed)() * table.names.length)] ?? ''
      const aimed = aimAt(definition, target)

      const found = await tables.open({ t: [part] }, async (session) => ({
        values: await session.query<Record<string, unknown>>('select * from t'),
        features: await session.query(selectFeatures(definition, 't')),
        aimed: aimed.features.length > 0 ? await session.query(selectFeatures(aimed, 't')) : table.rows.map(() => ({})),
      }))

      const texts = table.rows.map((row) => Object.fromEntries(row.map((text, i) => [table.names[i], text])))
      const features = found.features.map((row) => Object.values(row))
      assert.deepEqual(rowFeatures(definition)(texts), features)
      assert.deepEqual(rowFeatures(definition)(found.values), features)
      assert.deepEqual(
        rowFeatures(aimed)(texts),
        found.aimed.map((row) => Object.values(row)),
      )
      for (const { of } of definition.features) seen.add(of)
    })
  }

  it('in all kinds of features', () => {
    const kinds = ['boolean', 'category', 'day', 'epoch', 'hour', 'missing', 'month', 'number', 'weekday', 'year']
    assert.deepEqual([...seen].sort(), kinds)
  })
})
