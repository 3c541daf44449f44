import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import * as z from 'zod'
import type { FunctionTest } from '../../../build/testkit/setup.ts'
import { setup } from '../../../build/testkit/setup.ts'
import { Batch, Batches } from '../../../functions/infer/batches/batch.ts'
import infer from '../../../functions/infer/function.ts'
import type { ObjectRef } from '../../../runtime/ports.ts'
import { batchCompleted, datasetIngested, jobEnded } from '../../../triggers/events.ts'
import { realRows } from './tables.ts'
import { json, release, train } from './trained.ts'

const Problem = z.looseObject({
  code: z.string(),
  detail: z.string(),
  errors: z.array(z.object({ pointer: z.string(), reason: z.string() })).optional(),
})
const NONE = { coreSeconds: 0, peakMemoryBytes: 0, gpuSeconds: 0 }
const TABLE = realRows('iris', 'target', ['target'])
const SCHEMA = TABLE.columns.map(({ name, type }) => ({ name, type }))
const READ = SCHEMA.map(({ name }) => name).filter((name) => name !== 'target')

for (const twice of [false, true]) {
  describe(`batches${twice ? ', each event twice' : ''}`, () => {
    let bench: FunctionTest
    before(async () => {
      bench = await setup(infer, { twice })
      await release(bench.objects, 'iris', train(TABLE, 2))
      await ingested('flowers', 1)
      await ingested('flowers', 2)
    })
    after(() => bench.close())

    const blob = (text: string): Promise<ObjectRef> => bench.objects.put(new TextEncoder().encode(text))
    async function ingested(dataset: string, version: number, more: { schema?: typeof SCHEMA; digest?: string } = {}) {
      const part = await blob(`${dataset} ${version}`)
      const data = { dataset, version, kind: 'table' as const, parts: [part], schema: SCHEMA, rows: 150, digest: 'd' }
      const answer = await bench.deliver(datasetIngested, { ...data, ...more })
      assert.equal(answer.status, 204, await answer.text())
    }
    const order = (body: unknown, model = 'iris') => bench.send('POST', `/models/${model}/batches`, body)
    const ordered = async (body: unknown) => {
      const answer = await order(body)
      assert.equal(answer.status, 202, await answer.clone().text())
      return Batch.parse(await answer.json())
    }
    const shown = async (id: string) => Batch.parse(await (await bench.request(`/models/iris/batches/${id}`)).json())
    const lastJob = async () => (await bench.jobs()).at(-1) ?? assert.fail('no job')
    async function ended(more: object, state: 'succeeded' | 'failed' | 'cancelled' = 'succeeded') {
      const { id: job } = await lastJob()
      const data = { job, owner: 'infer', attempt: 1, state, outputs: {}, usage: NONE, ...more }
      const answer = await bench.deliver(jobEnded, data)
      assert.equal(answer.status, 204, await answer.text())
    }
    const told = async () => (await bench.emitted()).map(({ data }) => batchCompleted.data.parse(data))
    async function predicted(result: string) {
      const table = await bench.objects.write('jobs/j/1/table', new TextEncoder().encode(`table of ${result}`))
      const columns = [{ name: 'label', type: 'text' }]
      const made = { part: table.sha256, rows: 150, unpredicted: 3, schema: columns }
      const output = await bench.objects.write('jobs/j/1/result.json', json(made))
      return { table, outputs: { 'result.json': output, [table.sha256]: table }, columns }
    }

    it('starts a job on the newest version with all that it needs, by the version with most of the traffic', async () => {
      const batch = await ordered({ dataset: 'flowers', keep: ['target'] })

      const { request } = await lastJob()
      assert.deepEqual(Object.keys(request.inputs).sort(), ['GRAPH', 'PACKAGE', 'PART_0'])
      assert.deepEqual(request.inputs['PART_0'], await blob('flowers 2'))
      assert.deepEqual(JSON.parse(request.environment?.['SETTINGS'] ?? ''), {
        parts: ['PART_0'],
        rows: 150,
        read: READ,
        keep: [{ name: 'target', type: 'text' }],
      })
      assert.deepEqual([request.program, request.for], ['batch', { model: 'iris' }])
      const { id, createdAt, ...rest } = batch
      assert.deepEqual(rest, {
        model: 'iris',
        version: 1,
        dataset: 'flowers',
        datasetVersion: 2,
        result: 'flowers-iris-predictions',
        state: 'queued',
        waitingFor: 'a free place for its job',
        progress: 0,
        rows: 150,
      })
      assert.deepEqual(await shown(id), batch)
    })

    it('takes the version and the name that it is given', async () => {
      const { datasetVersion, result } = await ordered({
        dataset: 'flowers',
        datasetVersion: 1,
        version: 1,
        name: 'mine',
      })

      assert.deepEqual([datasetVersion, result], [1, 'mine'])
      assert.deepEqual((await lastJob()).request.inputs['PART_0'], await blob('flowers 1'))
    })

    it('tells of its predictions, and has succeeded when they are a version of their dataset', async () => {
      const before = (await told()).length
      const { id, result } = await ordered({ dataset: 'flowers', name: 'good' })
      const { table, outputs, columns } = await predicted('good')

      await ended({ outputs })

      const events = (await told()).slice(before)
      assert.equal(events.length, 1)
      const part = await blob('table of good')
      assert.deepEqual(events[0], {
        batch: id,
        model: 'iris',
        version: 1,
        dataset: 'flowers',
        datasetVersion: 2,
        result,
        part,
        schema: columns,
        rows: 150,
      })
      const waiting = await shown(id)
      assert.deepEqual([waiting.state, waiting.progress], ['running', 1])
      assert.match(waiting.waitingFor ?? '', /become a version of good/)
      assert.ok((await bench.kept()).includes(`batches/${id}`))
      await ingested('good', 7, { digest: `sha256:${table.sha256}` })
      assert.ok(!(await bench.kept()).includes(`batches/${id}`))
      const { state, resultVersion, unpredicted, finishedAt } = await shown(id)
      assert.deepEqual([state, resultVersion, unpredicted], ['succeeded', 7, 3])
      assert.ok(finishedAt)
    })

    it('fails with the reason that its program left, tells nothing, and says so', async () => {
      const before = (await told()).length
      const { id } = await ordered({ dataset: 'flowers' })
      const refusal = await bench.objects.write('jobs/r/1/refusal.json', json({ reason: 'no row could be predicted' }))

      await ended({ outputs: { 'refusal.json': refusal } })

      const { state, error } = await shown(id)
      assert.deepEqual([state, error], ['failed', 'no row could be predicted'])
      assert.equal((await told()).length, before)
      assert.equal((await bench.send('POST', `/models/iris/batches/${id}/cancel`, {})).status, 409)
    })

    for (const [what, end, state, reason] of [
      ['its job does', { error: 'out of memory' }, 'failed', 'out of memory'],
      ['its program left nothing', {}, 'succeeded', 'the program left no result.json'],
    ] as const) {
      it(`fails when ${what}`, async () => {
        const { id } = await ordered({ dataset: 'flowers' })

        await ended(end, state)

        assert.deepEqual([(await shown(id)).state, (await shown(id)).error], ['failed', reason])
      })
    }

    it('is cancelled by its job, and stays so', async () => {
      const { id } = await ordered({ dataset: 'flowers' })

      const asked = await bench.request(`/models/iris/batches/${id}/cancel`, { method: 'POST' })
      await ended({}, 'cancelled')
      await ended({ outputs: (await predicted('late')).outputs })

      assert.equal(asked.status, 202)
      assert.equal((await shown(id)).state, 'cancelled')
      assert.equal((await bench.request(`/models/iris/batches/${id}/cancel`, { method: 'POST' })).status, 200)
      assert.ok(!(await told()).some(({ batch }) => batch === id))
    })

    it('is listed, the newest first, page by page', async () => {
      const last = await ordered({ dataset: 'flowers' })
      const list = async (query: string) =>
        Batches.parse(await (await bench.request(`/models/iris/batches${query}`)).json())

      const { items, next } = await list('?limit=2')
      const more = await list(`?limit=1000&after=${next}`)
      const all = await list('')

      assert.equal(items[0]?.id, last.id)
      assert.deepEqual([...items, ...more.items], all.items)
      assert.equal(more.next, undefined)
    })

    it('takes no notice of jobs of others', async () => {
      const answer = await bench.deliver(jobEnded, {
        job: randomUUID(),
        owner: 'train',
        attempt: 1,
        state: 'succeeded',
        outputs: {},
        usage: NONE,
      })

      assert.equal(answer.status, 204)
    })

    if (twice) return

    const D = { dataset: 'flowers' }
    const name = 'x'.repeat(63)
    for (const [what, body, status, code, pointer] of [
      ['no dataset', {}, 400, 'invalid_input', '/dataset'],
      ['a body that is an array', [], 400, 'invalid_input', ''],
      ['an unknown field', { ...D, versions: 1 }, 400, 'invalid_input', '/versions'],
      ['a dataset of no good name', { dataset: 'Flowers' }, 400, 'invalid_input', '/dataset'],
      ['a dataset that is not there', { dataset: 'none' }, 404, 'not_found', undefined],
      ['a version of it that is not there', { ...D, datasetVersion: 9 }, 404, 'not_found', undefined],
      ['a version that is none', { ...D, datasetVersion: 0 }, 400, 'invalid_input', '/datasetVersion'],
      ['a version of the model that is not there', { ...D, version: 2 }, 404, 'not_found', undefined],
      ['a version of the model that is a text', { ...D, version: '1' }, 400, 'invalid_input', '/version'],
      ['a version too large to be one', { ...D, version: 1e12 }, 400, 'invalid_input', '/version'],
      ['a name that is none', { ...D, name: 'no/name' }, 400, 'invalid_input', '/name'],
      ['the name of the dataset itself', { ...D, name: 'flowers' }, 400, 'invalid_input', '/name'],
      ['a default name that is too long', { dataset: name }, 400, 'invalid_input', '/name'],
      ['a column that is not there', { ...D, keep: ['colour'] }, 400, 'invalid_input', '/keep/0'],
      ['a column twice', { ...D, keep: ['target', 'target'] }, 400, 'invalid_input', '/keep/1'],
      ['a column that the predictions have', { dataset: 'named', keep: ['Label'] }, 400, 'invalid_input', '/keep/0'],
      ['columns that are none', { ...D, keep: 'target' }, 400, 'invalid_input', '/keep'],
      ['a table without the columns of the model', { dataset: 'other' }, 422, 'unprocessable', undefined],
    ] as const) {
      it(`answers ${status} to ${what}, and starts nothing`, async () => {
        await ingested(name, 1)
        await ingested('named', 1, { schema: [...SCHEMA, { name: 'Label', type: 'text' }] })
        await ingested('other', 1, { schema: [{ name: 'colour', type: 'text' }] })
        const jobs = (await bench.jobs()).length
        const rows = await bench.query`select count(*) as n from batches`

        const answer = await order(body)

        const problem = Problem.parse(await answer.json())
        assert.deepEqual([answer.status, problem.code, problem.errors?.[0]?.pointer], [status, code, pointer])
        assert.equal((await bench.jobs()).length, jobs)
        assert.deepEqual(await bench.query`select count(*) as n from batches`, rows)
      })
    }

    it('answers 404 for a model and a batch that are not there, whatever the id', async () => {
      const { id } = await ordered({ dataset: 'flowers' })
      for (const path of [
        `/models/none/batches/${id}`,
        `/models/iris/batches/${randomUUID()}`,
        '/models/iris/batches/1',
      ]) {
        assert.equal((await bench.request(path)).status, 404, path)
        assert.equal((await bench.request(`${path}/cancel`, { method: 'POST' })).status, 404, path)
      }
      assert.equal((await order({ dataset: 'flowers' }, 'none')).status, 404)
      assert.equal((await bench.request('/models/No/batches')).status, 400)
      assert.equal((await bench.request('/models/iris/batches?after=x')).status, 400)
      assert.equal((await bench.request('/models/iris/batches?limit=0')).status, 400)
    })
  })
}
