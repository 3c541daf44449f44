import assert from 'node:assert/strict'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import * as z from 'zod'
import type { FunctionTest } from '../../build/testkit/setup.ts'
import { setup } from '../../build/testkit/setup.ts'
import features from '../../functions/features/function.ts'
import { Extractions, View } from '../../functions/features/view.ts'
import { duckdbTables } from '../../runtime/adapters/duckdb.ts'
import { Definition } from '../../runtime/tabular/definition.ts'
import { datasetIngested, featuresExtracted } from '../../triggers/events.ts'

const Problem = z.object({ code: z.string(), errors: z.array(z.object({ pointer: z.string() })).optional() })

for (const twice of [false, true]) {
  describe(`features${twice ? ', each event twice' : ''}`, () => {
    let bench: FunctionTest
    before(async () => {
      bench = await setup(features, { twice })
    })
    after(() => bench.close())

    const tables = () =>
      duckdbTables({ objects: bench.objects, folder: join(tmpdir(), 'mezz-features-test'), memoryLimit: '150MB' })
    const ingested = async (dataset: string, version = 1) => {
      const part = await tables().open({}, (session) =>
        session.store(
          `select * from (values (1.5, 'x', timestamp '2024-01-07 08:00:00'), (${version}, null, null)) t("数", "类", "at")`,
        ),
      )
      const { rows, ...ref } = part
      const schema = [
        { name: '数', type: 'number' as const },
        { name: '类', type: 'text' as const },
        { name: 'at', type: 'time' as const },
      ]
      return { dataset, version, kind: 'table' as const, parts: [ref], schema, rows, digest: `sha256:${version}` }
    }
    const told = async (view: string) => {
      const all = (await bench.emitted()).map(({ data }) => featuresExtracted.data.parse(data))
      return all.filter((data) => data.view === view)
    }
    const view = async (name: string) => View.parse(await (await bench.request(`/views/${name}`)).json())

    it('extracts a new dataset by a view of its own name', async () => {
      const answer = await bench.deliver(datasetIngested, await ingested('own'))

      assert.equal(answer.status, 204)
      const [event, ...more] = await told('own')
      assert.deepEqual(more, [])
      const names = [
        '数',
        '类',
        '类.missing',
        'at.year',
        'at.month',
        'at.day',
        'at.weekday',
        'at.hour',
        'at.epoch',
        'at.missing',
      ]
      assert.deepEqual([event?.inputs, event?.columns, event?.rows], [[{ dataset: 'own', version: 1 }], names, 2])
      const found = await view('own')
      assert.deepEqual([found.state, found.extraction?.id, found.extraction?.version], ['ready', event?.extraction, 1])
    })

    it('stores the table and the definition that made it', async () => {
      await bench.deliver(datasetIngested, await ingested('stored'))
      const [event] = await told('stored')
      assert.ok(event)

      const rows = await tables().open({ t: [event.table] }, (session) => session.query('select * from t'))

      assert.deepEqual(
        rows.map((row) => Object.values(row)),
        [
          [1.5, 'x', false, 2024, 1, 7, 7, 8, 1704614400, false],
          [1, null, true, null, null, null, null, null, null, true],
        ],
      )
      const chunks: Uint8Array[] = []
      for await (const chunk of (await bench.objects.read(event.definition.name))?.body ?? []) chunks.push(chunk)
      const definition = Definition.parse(JSON.parse(Buffer.concat(chunks).toString()))
      assert.deepEqual(
        definition.features.map(({ name }) => name),
        event.columns,
      )
    })

    it('lets a view wait for its dataset, extracts each version by all views, and again when a view changes', async () => {
      const waiting = await bench.send('PUT', '/views/slim', { dataset: 'later', leaveOut: ['at'] })
      await bench.deliver(datasetIngested, await ingested('later'))
      await bench.deliver(datasetIngested, await ingested('later', 2))
      const same = await bench.send('PUT', '/views/slim', { dataset: 'later', leaveOut: ['at'] })
      const changed = await bench.send('PUT', '/views/slim', { dataset: 'later', leaveOut: ['at', '类'] })

      assert.deepEqual([waiting.status, same.status, changed.status], [201, 200, 200])
      assert.equal(View.parse(await waiting.json()).state, 'waiting')
      assert.deepEqual(
        (await told('slim')).map(({ inputs, columns }) => [inputs[0]?.version, ...columns]),
        [
          [1, '数', '类', '类.missing'],
          [2, '数', '类', '类.missing'],
          [2, '数'],
        ],
      )
      assert.equal((await told('later')).length, 2)
      assert.equal((await view('slim')).extraction?.version, 2)
    })

    it('extracts at once where a version is there', async () => {
      await bench.deliver(datasetIngested, await ingested('there'))

      const answer = await bench.send('PUT', '/views/quick', { dataset: 'there' })

      const put = View.parse(await answer.json())
      assert.equal(put.state, 'ready')
      assert.deepEqual(
        (await told('quick')).map(({ extraction }) => extraction),
        [put.extraction?.id],
      )
    })

    it('says why a view makes nothing of a version', async () => {
      await bench.send('PUT', '/views/empty', { dataset: 'emptied', leaveOut: ['数', '类', 'at'] })
      await bench.deliver(datasetIngested, await ingested('emptied'))

      const found = await view('empty')

      assert.deepEqual([found.state, found.extraction?.reason], ['failed', 'every column is left out'])
      assert.deepEqual(await told('empty'), [])
      assert.equal((await told('emptied')).length, 1)
    })

    it('keeps a view that has a new dataset’s name, of another dataset', async () => {
      await bench.send('PUT', '/views/name', { dataset: 'first' })
      await bench.deliver(datasetIngested, await ingested('name'))

      assert.equal((await view('name')).dataset, 'first')
      assert.deepEqual(await told('name'), [])
    })

    it('lists extractions, of one view or of all, page by page', async () => {
      await bench.deliver(datasetIngested, await ingested('listed'))
      await bench.deliver(datasetIngested, await ingested('listed', 2))

      const read = async (query: string) =>
        Extractions.parse(await (await bench.request(`/extractions?${query}`)).json())
      const first = await read('view=listed&limit=1')
      const second = await read(`view=listed&limit=1&after=${first.next}`)

      assert.deepEqual(
        [...first.items, ...second.items].map(({ version }) => version),
        [1, 2],
      )
      assert.equal(second.next, undefined)
      assert.equal((await read('')).items.at(-1)?.id, second.items[0]?.id)
    })

    it('answers bad requests with their status and place, and changes nothing', async () => {
      await bench.deliver(datasetIngested, await ingested('good'))
      const before = await bench.emitted()
      const bad: readonly [string, string, unknown, number, string, string?][] = [
        ['PUT', '/views/bad', {}, 400, 'invalid_input', '/dataset'],
        ['PUT', '/views/bad', { dataset: 'A b' }, 400, 'invalid_input', '/dataset'],
        ['PUT', '/views/bad', { dataset: 'good', leaveOut: 'a' }, 400, 'invalid_input', '/leaveOut'],
        ['PUT', '/views/bad', { dataset: 'later', leaveOut: ['a', '\0'] }, 400, 'invalid_input', '/leaveOut/1'],
        ['PUT', '/views/bad', { dataset: 'good', columns: [] }, 400, 'invalid_input', '/columns'],
        ['PUT', '/views/A%20b', { dataset: 'good' }, 400, 'invalid_input', '/view'],
        ['PUT', '/views/bad', { dataset: 'good', leaveOut: ['at', 'none'] }, 422, 'unprocessable', '/leaveOut/1'],
        ['PUT', '/views/bad', { dataset: 'good', leaveOut: ['at', '数', '类'] }, 422, 'unprocessable', '/leaveOut'],
        ['PUT', '/views/good', { dataset: 'other' }, 409, 'conflict', '/dataset'],
        ['GET', '/views/bad', undefined, 404, 'not_found'],
        ['GET', '/extractions?view=A%20b', undefined, 400, 'invalid_input', '/view'],
        ['GET', '/extractions?limit=x', undefined, 400, 'invalid_input', '/limit'],
        ['DELETE', '/extractions', undefined, 405, 'method_not_allowed'],
      ]
      for (const [method, path, body, status, code, pointer] of bad) {
        const answer = body === undefined ? await bench.request(path, { method }) : await bench.send(method, path, body)
        const text = await answer.text()
        assert.equal(answer.status, status, `${method} ${path}: ${text}`)
        const problem = Problem.parse(JSON.parse(text))
        assert.equal(problem.code, code, path)
        if (pointer !== undefined) assert.equal(problem.errors?.[0]?.pointer, pointer, path)
      }

      assert.deepEqual(await bench.emitted(), before)
      assert.equal((await bench.request('/views/bad')).status, 404)
    })
  })
}
