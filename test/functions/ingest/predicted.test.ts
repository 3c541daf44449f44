import assert from 'node:assert/strict'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import type { FunctionTest } from '../../../build/testkit/setup.ts'
import { setup } from '../../../build/testkit/setup.ts'
import ingest from '../../../functions/ingest/function.ts'
import { Rows, Version } from '../../../functions/ingest/version.ts'
import { duckdbTables } from '../../../runtime/adapters/duckdb.ts'
import { batchCompleted, datasetIngested } from '../../../triggers/events.ts'

for (const twice of [false, true]) {
  describe(`the predictions of a batch${twice ? ', each event twice' : ''}`, () => {
    let bench: FunctionTest
    before(async () => {
      bench = await setup(ingest, { twice })
    })
    after(() => bench.close())

    /** Brings predictions of these values. */
    async function predict(...values: readonly number[]): Promise<Response> {
      const { objects } = bench
      const tables = duckdbTables({ objects, folder: join(tmpdir(), 'mezz-predicted-test'), memoryLimit: '150MB' })
      const { rows, ...part } = await tables.open({}, (session) =>
        session.store(
          `select value::double as value from (values ${values.map((one) => `(${one})`).join(', ')}) t(value)`,
        ),
      )
      const schema = [{ name: 'value', type: 'number' as const }]
      const of = { batch: 'b', model: 'm', version: 1, dataset: 'd', datasetVersion: 1, result: 'guesses' }
      return bench.deliver(batchCompleted, { ...of, part, schema, rows })
    }

    it('become the newest version of their dataset, which is told of, and the same ones again change nothing', async () => {
      const answers = [await predict(1.5, 2.5), await predict(1.5, 2.5), await predict(0.1)]

      assert.deepEqual(
        answers.map(({ status }) => status),
        [204, 204, 204],
      )
      const version = Version.parse(await (await bench.request('/datasets/guesses/versions/1')).json())
      assert.deepEqual(version.columns, [{ name: 'value', type: 'number', nulls: 0, distinct: 2, min: 1.5, max: 2.5 }])
      const { items } = Rows.parse(await (await bench.request('/datasets/guesses/versions/1/rows')).json())
      assert.deepEqual(items, [{ value: 1.5 }, { value: 2.5 }])
      const told = (await bench.emitted()).map(({ data }) => datasetIngested.data.parse(data))
      assert.deepEqual(
        told.map((one) => [one.dataset, one.version, one.rows, one.digest === version.digest]),
        [
          ['guesses', 1, 2, true],
          ['guesses', 2, 1, false],
        ],
      )
    })
  })
}
