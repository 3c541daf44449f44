import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import * as z from 'zod'
import type { FunctionTest } from '../../../build/testkit/setup.ts'
import { setup } from '../../../build/testkit/setup.ts'
import train from '../../../functions/train/function.ts'
import { Pipeline } from '../../../functions/train/pipeline.ts'
import { Run } from '../../../functions/train/run.ts'
import { featuresExtracted, jobEnded, modelTrained, trainingFailed, trainingStarted } from '../../../triggers/events.ts'
import { asEvent, ended, jobOf, order, ROWS, runOf, runsOf, toldOf } from './bench.ts'
import { extractionOf } from './extraction.ts'

const STARTED = trainingStarted.type
const FAILED = trainingFailed.type

for (const twice of [false, true]) {
  describe(`train${twice ? ', each event twice' : ''}`, () => {
    let bench: FunctionTest
    before(async () => {
      bench = await setup(train, { twice })
    })
    after(() => bench.close())

    const put = (name: string, body: unknown) => bench.send('PUT', `/pipelines/${name}`, body)
    const extracted = (view: string) => extractionOf(bench.objects, view, ROWS)
    const began = async (name: string) => {
      await put(name, order(name))
      await bench.deliver(featuresExtracted, await extracted(name))
      const [run] = await runsOf(bench, name)
      assert.ok(run)
      return { run: run.id, job: (await jobOf(bench, run.id)).id }
    }

    it('starts a run when the features come that a pipeline waits for', async () => {
      const answer = await put('waits', { ...order('waits-view'), resources: { cpu: '2', memory: '300Mi' } })
      assert.equal(answer.status, 201)
      assert.deepEqual(await runsOf(bench, 'waits'), [])

      await bench.deliver(featuresExtracted, await extracted('waits-view'))

      const [run, ...more] = await runsOf(bench, 'waits')
      assert.deepEqual(more, [])
      assert.deepEqual(
        [run?.state, run?.progress, run?.waitingFor, run?.dataset, run?.datasetVersion],
        ['queued', 0, 'a free place for its job', 'waits-view', 1],
      )
      assert.deepEqual(await toldOf(bench, 'waits'), [STARTED])
      const { request } = await jobOf(bench, run?.id ?? '')
      assert.deepEqual([request.program, request.resources], ['gbdt', { cpu: '2', memory: '300Mi' }])
      assert.deepEqual(JSON.parse(request.environment?.['SETTINGS'] ?? ''), {
        target: 'y',
        targetType: 'number',
        task: 'regression',
        parameters: { rounds: 3, minDataInLeaf: 1 },
        holdout: 0.2,
      })
    })

    it('starts one run when the features are there, none for the same again, one for a change, one for each extraction', async () => {
      const given = order('there', {
        parameters: { rounds: 3, leaves: 5, bins: 9 },
        publish: { metric: 'rmse', atMost: 1 },
      })
      const extraction = await extracted('there')
      await bench.deliver(featuresExtracted, extraction)
      const count = async () => (await runsOf(bench, 'there')).length

      assert.equal((await put('there', given)).status, 201)
      assert.equal(await count(), 1)
      assert.equal((await put('there', given)).status, 200)
      await put('there', { ...given, parameters: { bins: 9, leaves: 5, rounds: 3 } })
      await bench.deliver(featuresExtracted, extraction)
      assert.equal(await count(), 1)
      await put('there', { ...given, holdout: 0.3 })
      assert.equal(await count(), 2)
      await bench.deliver(featuresExtracted, await extracted('there'))
      await bench.deliver(featuresExtracted, await extracted('there'))
      assert.equal(await count(), 4)
      assert.deepEqual(await toldOf(bench, 'there'), Array(4).fill(STARTED))
    })

    it('starts all pipelines of a view', async () => {
      for (const name of ['one-of', 'two-of']) await put(name, order('shared'))

      await bench.deliver(featuresExtracted, await extracted('shared'))

      for (const name of ['one-of', 'two-of']) assert.equal((await runsOf(bench, name)).length, 1)
    })

    it('starts a run whenever one is asked for, on the newest features', async () => {
      await put('asked', order('asked'))
      const early = await bench.request('/pipelines/asked/runs', { method: 'POST' })
      assert.equal(early.status, 409)
      await bench.deliver(featuresExtracted, await extracted('asked'))

      const answer = await bench.request('/pipelines/asked/runs', { method: 'POST' })

      const run = Run.parse(await answer.json())
      assert.deepEqual([answer.status, answer.headers.get('location')], [202, `/runs/${run.id}`])
      assert.deepEqual(
        (await runsOf(bench, 'asked')).map(({ id }) => id === run.id),
        [false, true],
      )
    })

    for (const [what, more, message] of [
      [
        'a target that the view has not',
        { target: 'z' },
        /^the view \S+ has no column z; it has y, n, flag, c, k, at$/,
      ],
      ['a time', { target: 'at' }, /^at is a time, which cannot be foretold$/],
      ['a number that is a text', { target: 'c' }, /^c is no number, so it is no regression$/],
    ] as const) {
      it(`fails at once, without a job, where it should foretell ${what}`, async () => {
        const name = `not-${'target' in more ? more.target : ''}`
        await put(name, order(name, more))
        const jobs = (await bench.jobs()).length

        await bench.deliver(featuresExtracted, await extracted(name))

        const [run, ...others] = await runsOf(bench, name)
        assert.deepEqual([run?.state, run?.progress, others], ['failed', 0, []])
        assert.match(run?.error ?? '', message)
        assert.ok(run?.finishedAt)
        assert.equal((await bench.jobs()).length, jobs)
        assert.deepEqual(await toldOf(bench, name), [FAILED])
        const log = await bench.request(`/runs/${run?.id}/log`)
        assert.equal(await log.text(), '')
      })
    }

    for (const [state, error, expected] of [
      ['failed', 'it ended with exit code 3', 'it ended with exit code 3'],
      ['failed', undefined, 'the job failed and did not say why'],
      ['cancelled', undefined, 'cancelled'],
    ] as const) {
      it(`ends a run whose job ${state}${error ? ' and said why' : ''}`, async () => {
        const name = `job-${state}-${error ? 'why' : 'silent'}`
        const { run, job } = await began(name)

        await bench.deliver(jobEnded, ended(job, { state, ...(error ? { error } : {}) }))
        await bench.deliver(jobEnded, ended(job, { state: 'failed', error: 'too late' }))

        const found = await runOf(bench, run)
        assert.deepEqual([found.state, found.error], [state, expected])
        assert.deepEqual(await toldOf(bench, name), [STARTED, FAILED])
      })
    }

    it('tells of a trained model, once, when the job succeeded', async () => {
      const { run, job } = await began('succeeds')
      const stored = (value: unknown) => bench.objects.put(new TextEncoder().encode(JSON.stringify(value)))
      const outputs = {
        'model.txt': await stored('trees'),
        'encoder.json': await stored({ features: [] }),
        'reference.json': await stored({}),
        'metrics.json': await stored({ rmse: 0.5 }),
        'signature.json': await stored({ task: 'regression', target: 'y' }),
      }

      await bench.deliver(jobEnded, ended(job, { state: 'succeeded', outputs }))
      await bench.deliver(jobEnded, ended(job, { state: 'succeeded', outputs }))

      const found = await runOf(bench, run)
      assert.deepEqual(
        [found.state, found.progress, found.metrics, found.error],
        ['succeeded', 1, { rmse: 0.5 }, undefined],
      )
      assert.deepEqual(await toldOf(bench, 'succeeds'), [STARTED, modelTrained.type])
    })

    it('tells what serves the model, and of a script all that it is started with', async () => {
      const serving = { resources: { cpu: '1', memory: '1Gi' }, scale: { max: 2 } }
      await bench.request('/scripts/served', {
        method: 'PUT',
        body: 'import mezz',
        headers: { 'Content-Type': 'text/x-python' },
      })
      await bench.send(
        'PUT',
        '/pipelines/served',
        order('v-served', { trainer: { script: 'served' }, parameters: { k: 7 }, serving }),
      )
      await bench.deliver(featuresExtracted, await extracted('v-served'))
      const [run] = await runsOf(bench, 'served')
      const job = await jobOf(bench, run?.id ?? '')
      const put = (value: unknown) => bench.objects.put(new TextEncoder().encode(JSON.stringify(value)))
      const contract = await put({ columns: [], classes: null })
      const outputs = {
        'contract.json': contract,
        'environment.txt': contract,
        'reference.json': contract,
        'metrics.json': await put({ rows: 3 }),
        'signature.json': await put({ task: 'regression', target: 'y' }),
      }

      await bench.deliver(jobEnded, ended(job.id, { state: 'succeeded', outputs }))

      const told = (await bench.emitted()).find(({ key, type }) => key === 'served' && type === modelTrained.type)
      const { format, script, serving: asked } = modelTrained.data.parse(told?.data)
      const { TABLE: table, SCRIPT: files } = job.request.inputs
      assert.deepEqual([format, asked], ['script', serving])
      assert.deepEqual(script, {
        ...{ files, entry: 'train.py', table, dataset: 'v-served', contract },
        ...{ target: 'y', task: 'regression', parameters: { k: 7 } },
      })
    })

    it('fails a run whose program left less than a model, or what cannot be read', async () => {
      for (const [name, file, message] of [
        ['left-nothing', 'none', /^the program left no metrics.json$/],
        ['left-noise', 'metrics.json', /metrics\.json cannot be read|cannot be read/],
      ] as const) {
        const { run, job } = await began(name)
        const noise = await bench.objects.put(new TextEncoder().encode('{"rmse":null}'))

        await bench.deliver(jobEnded, ended(job, { state: 'succeeded', outputs: { [file]: noise } }))

        const found = await runOf(bench, run)
        assert.equal(found.state, 'failed')
        assert.match(found.error ?? '', message)
      }
    })

    it('lets jobs alone that are not its own', async () => {
      const { run, job } = await began('alone')
      const before = (await bench.emitted()).length

      for (const other of [ended(job, { owner: 'other' }), ended(randomUUID())]) {
        assert.equal((await bench.deliver(jobEnded, other)).status, 204)
      }

      assert.equal((await runOf(bench, run)).state, 'queued')
      assert.equal((await bench.emitted()).length, before)
    })

    it('lists pipelines by name and runs by age, page by page', async () => {
      const all = z.object({ items: z.array(Pipeline), next: z.string().optional() })
      const whole = all.parse(await (await bench.request('/pipelines')).json())
      const first = all.parse(await (await bench.request('/pipelines?limit=2')).json())
      const rest = all.parse(await (await bench.request(`/pipelines?after=${first.next}`)).json())

      assert.deepEqual([...first.items, ...rest.items], whole.items)
      assert.deepEqual(
        whole.items.map(({ name }) => name),
        whole.items.map(({ name }) => name).sort(),
      )
      assert.deepEqual(await (await bench.request('/pipelines/waits')).json(), {
        name: 'waits',
        view: 'waits-view',
        model: 'waits',
        target: 'y',
        task: 'regression',
        trainer: 'gbdt',
        parameters: { rounds: 3, minDataInLeaf: 1 },
        resources: { cpu: '2', memory: '300Mi' },
        holdout: 0.2,
      })
      const runs = z.object({ items: z.array(Run), next: z.string().optional() })
      const newest = runs.parse(await (await bench.request('/runs?model=there&limit=3')).json())
      const oldest = runs.parse(await (await bench.request(`/runs?model=there&after=${newest.next}`)).json())
      assert.deepEqual(
        [...newest.items, ...oldest.items].map(({ id }) => id).reverse(),
        (await runsOf(bench, 'there')).map(({ id }) => id),
      )
      assert.deepEqual([newest.items.length, oldest.items.length, oldest.next], [3, 1, undefined])
    })

    it('names the columns of a dataset’s own view where a pipeline names a dataset', async () => {
      const { view: _, ...rest } = order('own')
      const answer = await put('own', { ...rest, dataset: 'own', model: 'other' })

      const { view, dataset, model } = Pipeline.parse(await answer.json())
      assert.deepEqual([view, dataset, model], ['own', 'own', 'other'])
    })
  })
}

it('starts exactly one run when the pipeline and its features come at once', async () => {
  const bench = await setup(train)
  const names = Array.from({ length: 50 }, (_, at) => `race-${at}`)
  const extraction = await extractionOf(bench.objects, 'race', ROWS)

  for (const name of names) {
    const [declared, told] = await Promise.all([
      bench.send('PUT', `/pipelines/${name}`, order(name)),
      bench.app.request('/events/features-extracted', {
        method: 'POST',
        body: JSON.stringify({ ...extraction, view: name, extraction: name }),
        headers: asEvent(featuresExtracted.type),
      }),
    ])
    assert.deepEqual([declared.status, told.status], [201, 204])
  }

  for (const name of names) {
    assert.equal((await runsOf(bench, name)).length, 1, name)
    assert.deepEqual(await toldOf(bench, name), [STARTED])
  }
  assert.equal((await bench.jobs()).length, names.length)
  await bench.close()
})
