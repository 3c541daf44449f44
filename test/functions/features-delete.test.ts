import assert from 'node:assert/strict'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import type { FunctionTest } from '../../build/testkit/setup.ts'
import { setup } from '../../build/testkit/setup.ts'
import features from '../../functions/features/function.ts'
import { duckdbTables } from '../../runtime/adapters/duckdb.ts'
import type { ObjectRef } from '../../runtime/ports.ts'
import { datasetDeleted, datasetIngested, featuresExtracted, viewDeleted } from '../../triggers/events.ts'

for (const twice of [true, false]) {
  describe(`features of what is deleted${twice ? ', each event twice' : ''}`, () => {
    let bench: FunctionTest
    let part: ObjectRef
    before(async () => {
      bench = await setup(features, { twice })
      const folder = join(tmpdir(), 'mezz-features-delete')
      const tables = duckdbTables({ objects: bench.objects, folder, memoryLimit: '150MB' })
      const { rows: _, ...stored } = await tables.open({}, (session) => session.store('select 1.5 as x, 2 as y'))
      part = stored
    })
    after(() => bench.close())

    const version = (dataset: string, number = 1) => {
      const schema = ['x', 'y'].map((name) => ({ name, type: 'number' as const }))
      const digest = `sha256:${number}`
      return { dataset, version: number, kind: 'table' as const, parts: [part], schema, rows: 1, digest }
    }
    const ingested = (dataset: string, number = 1) => bench.deliver(datasetIngested, version(dataset, number))
    const deletion = (dataset: string, versions = 1) => ({ dataset, versions, deletedAt: new Date().toISOString() })
    const deleted = (dataset: string, versions = 1) => bench.deliver(datasetDeleted, deletion(dataset, versions))
    const put = (view: string, dataset: string) => bench.send('PUT', `/views/${view}`, { dataset, leaveOut: ['y'] })
    const status = async (view: string) => (await bench.request(`/views/${view}`)).status
    const left = async (dataset: string) => {
      const rows = await bench.query<{ id: string }>`
        select id from extractions where dataset = ${dataset} union all
        select dataset from versions where dataset = ${dataset} union all
        select name from views where dataset = ${dataset}`
      return rows.map(({ id }) => id)
    }
    const toldOf = async (view: string) =>
      (await bench.emitted()).filter(({ key }) => key === view).map(({ type }) => type)
    const keptOf = async (view: string) => {
      const ids = (await bench.emitted())
        .filter(({ key, type }) => key === view && type === featuresExtracted.type)
        .map(({ data }) => `extractions/${featuresExtracted.data.parse(data).extraction}`)
      return (await bench.kept()).filter((owner) => ids.includes(owner))
    }

    it('go with their dataset: its own view and those that were put, each said so', async () => {
      await ingested('sales')
      await put('sales-x', 'sales')
      assert.equal((await keptOf('sales-x')).length, 1)

      await deleted('sales')

      assert.deepEqual([await status('sales'), await status('sales-x'), await left('sales')], [404, 404, []])
      assert.deepEqual([await keptOf('sales'), await keptOf('sales-x')], [[], []])
      assert.deepEqual(await toldOf('sales-x'), [featuresExtracted.type, viewDeleted.type])
      assert.deepEqual(await toldOf('sales'), [featuresExtracted.type, viewDeleted.type])
    })

    it('are not made of a version that comes after its deletion, but of the next one', async () => {
      await deleted('late', 2)
      await ingested('late', 2)
      assert.deepEqual([await status('late'), await left('late')], [404, []])

      await ingested('late', 3)

      assert.equal(await status('late'), 200)
    })

    it('of a dataset that began anew stay when the deletion comes late', async () => {
      await ingested('anew', 1)
      await ingested('anew', 2)

      await deleted('anew', 1)

      const rows = await bench.query<{ version: number }>`select version from extractions where dataset = 'anew'`
      assert.deepEqual(
        rows.map((row) => row.version),
        [2],
      )
    })

    it('of a view go with it, up to a number that says which', async () => {
      await ingested('one')
      await put('one-x', 'one')
      const dry = await bench.request('/views/one-x?dry=true', { method: 'DELETE' })
      assert.deepEqual(await dry.json(), { name: 'one-x', hangs: [] })

      const answers = await Promise.all([1, 2].map(() => bench.request('/views/one-x', { method: 'DELETE' })))

      assert.deepEqual(answers.map((answer) => answer.status).sort(), [204, 404])
      assert.deepEqual([await status('one-x'), await status('one'), await keptOf('one-x')], [404, 200, []])
      const events = (await bench.emitted()).filter(({ key }) => key === 'one-x')
      const [made, gone] = [featuresExtracted.data.parse(events[0]?.data), viewDeleted.data.parse(events[1]?.data)]
      assert.deepEqual([gone.extractions, events.length], [made.number, 2])
    })

    for (const [path, code] of [
      ['/views/never', 404],
      ['/views/never?dry=true', 404],
      ['/views/never?dry=2', 400],
      ['/views/never?all=true', 400],
    ] as const) {
      it(`answers ${code} to DELETE ${path}`, async () => {
        assert.equal((await bench.request(path, { method: 'DELETE' })).status, code)
      })
    }

    if (!twice) {
      it('are nowhere left, 200 times a dataset is deleted while its first version and a view come in', async () => {
        const race = async (at: number) => {
          const name = `race-${at}`
          const steps = [() => deleted(name), () => ingested(name), () => put(`${name}-x`, name)]
          const turn = steps.slice(at % 3).concat(steps.slice(0, at % 3))
          await Promise.all(turn.map((step) => step()))
          // A view that was put after the deletion waits for the next data.
          const waits = (await bench.request(`/views/${name}-x`)).ok
          assert.deepEqual(await left(name), waits ? [`${name}-x`] : [])
        }
        for (let at = 0; at < 200; at += 4) await Promise.all([0, 1, 2, 3].map((more) => race(at + more)))

        const kept = (await bench.emitted())
          .filter(({ key, type }) => key.startsWith('race-') && type === featuresExtracted.type)
          .map(({ data }) => `extractions/${featuresExtracted.data.parse(data).extraction}`)
        const still = new Set(await bench.kept())
        assert.deepEqual(
          kept.filter((owner) => still.has(owner)),
          [],
        )
      })
    }
  })
}
