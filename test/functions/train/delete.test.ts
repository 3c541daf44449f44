import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { FunctionTest } from '../../../build/testkit/setup.ts'
import { setup } from '../../../build/testkit/setup.ts'
import train from '../../../functions/train/function.ts'
import { Script } from '../../../functions/train/scripts/version.ts'
import {
  datasetDeleted,
  featuresExtracted,
  jobEnded,
  modelDeleted,
  modelTrained,
  pipelineDeleted,
  scriptDeleted,
  trainingFailed,
  trainingStarted,
  viewDeleted,
} from '../../../triggers/events.ts'
import { ended, jobOf, order, ROWS, runOf, runsOf, toldOf } from './bench.ts'
import { extractionOf } from './extraction.ts'

for (const twice of [true, false]) {
  describe(`train of what is deleted${twice ? ', each event twice' : ''}`, () => {
    let bench: FunctionTest
    let outputs: Record<string, Awaited<ReturnType<FunctionTest['objects']['put']>>>
    let sample: Awaited<ReturnType<typeof extractionOf>>
    before(async () => {
      bench = await setup(train, { twice })
      sample = await extractionOf(bench.objects, 'sample', ROWS)
      const stored = (value: unknown) => bench.objects.put(new TextEncoder().encode(JSON.stringify(value)))
      outputs = {
        'model.txt': await stored('trees'),
        'encoder.json': await stored({ features: [] }),
        'reference.json': await stored({}),
        'metrics.json': await stored({ rmse: 0.5 }),
        'signature.json': await stored({ task: 'regression', target: 'y' }),
      }
    })
    after(() => bench.close())

    const put = (name: string, body: unknown) => bench.send('PUT', `/pipelines/${name}`, body)
    const remove = (path: string) => bench.request(path, { method: 'DELETE' })
    const extraction = (view: string, number = 1, version = 1) => {
      const inputs = [{ dataset: `${view}-data`, version }]
      return { ...sample, view, extraction: `${view}-${number}`, number, inputs }
    }
    const extracted = (view: string, number = 1, version = 1) =>
      bench.deliver(featuresExtracted, extraction(view, number, version))
    const known = async (view: string) => {
      const rows = await bench.query<{ extraction: string }>`select extraction from extractions where view = ${view}`
      return rows.map((row) => row.extraction)
    }
    const began = async (name: string) => {
      await put(name, order(name))
      await extracted(name)
      const [run] = await runsOf(bench, name)
      assert.ok(run)
      return { run: run.id, job: (await jobOf(bench, run.id)).id }
    }
    const kept = async (run: string) => (await bench.kept()).filter((owner) => owner === `runs/${run}`)
    const now = () => new Date().toISOString()

    it('forgets the features of a deleted dataset’s versions: pipelines wait for the next ones', async () => {
      await put('gone', order('gone'))
      await bench.deliver(datasetDeleted, { dataset: 'gone-data', versions: 2, deletedAt: now() })

      await extracted('gone', 1, 2)
      assert.deepEqual([await known('gone'), await runsOf(bench, 'gone')], [[], []])
      assert.equal((await bench.send('POST', '/pipelines/gone/runs', {})).status, 409)

      await extracted('gone', 2, 3)
      assert.deepEqual([await known('gone'), (await runsOf(bench, 'gone')).length], [['gone-2'], 1])
    })

    it('forgets a deleted view’s features up to their number', async () => {
      await extracted('viewed', 1)
      await extracted('viewed', 2)

      await bench.deliver(viewDeleted, { view: 'viewed', extractions: 1 })
      assert.deepEqual(await known('viewed'), ['viewed-2'])
      await bench.deliver(viewDeleted, { view: 'viewed', extractions: 2 })
      const { number: _, ...old } = extraction('viewed', 1)
      await bench.deliver(featuresExtracted, { ...old, extraction: 'of-no-number' })

      assert.deepEqual(await known('viewed'), [])
    })

    it('deletes a pipeline, ends its runs, and starts one anew that is put again', async () => {
      const { run, job } = await began('pipe')
      const dry = await remove('/pipelines/pipe?dry=true')
      assert.deepEqual(await dry.json(), { name: 'pipe', hangs: [] })

      const answers = await Promise.all([remove('/pipelines/pipe'), remove('/pipelines/pipe')])

      assert.deepEqual(answers.map(({ status }) => status).sort(), [204, 404])
      assert.equal((await bench.request('/pipelines/pipe')).status, 404)
      assert.deepEqual(await toldOf(bench, 'pipe'), [trainingStarted.type, pipelineDeleted.type])
      await bench.deliver(jobEnded, ended(job, { state: 'cancelled' }))
      assert.equal((await runOf(bench, run)).state, 'cancelled')
      await put('pipe', order('pipe'))
      assert.equal((await runsOf(bench, 'pipe')).length, 2)
    })

    it('keeps the runs of a deleted model as history, and nothing of theirs', async () => {
      const { run, job } = await began('model')
      await bench.deliver(jobEnded, ended(job, { state: 'succeeded', outputs }))
      assert.equal((await kept(run)).length, 1)

      await bench.deliver(modelDeleted, { model: 'model', versions: 1, deletedAt: now() })

      assert.deepEqual([(await runOf(bench, run)).state, await kept(run)], ['succeeded', []])
    })

    it('tells of no model when a run ends whose model was deleted meanwhile, but of the one after', async () => {
      const { run, job } = await began('late')
      await bench.deliver(modelDeleted, { model: 'late', versions: 1, deletedAt: now() })
      assert.equal((await runOf(bench, run)).state, 'queued')

      await bench.deliver(jobEnded, ended(job, { state: 'succeeded', outputs }))

      const found = await runOf(bench, run)
      assert.deepEqual([found.state, found.error, await kept(run)], ['cancelled', 'its model was deleted', []])
      assert.deepEqual(await toldOf(bench, 'late'), [trainingStarted.type, trainingFailed.type])
      await extracted('late', 2)
      const next = (await runsOf(bench, 'late')).at(-1)?.id ?? ''
      const { id } = await jobOf(bench, next)
      await bench.deliver(jobEnded, ended(id, { state: 'succeeded', outputs }))
      assert.equal((await toldOf(bench, 'late')).at(-1), modelTrained.type)
      assert.equal((await kept(next)).length, 1)
    })

    it('deletes a script: its pipelines wait for one of its name, whose versions go on counting', async () => {
      const script = async (text: string) => {
        const headers = { 'Content-Type': 'text/x-python' }
        const answer = await bench.request('/scripts/own', { method: 'PUT', body: text, headers })
        return Script.parse(await answer.json()).version
      }
      await script('print(1)')
      await put('by-script', { ...order('by-script'), parameters: {}, trainer: { script: 'own' } })
      const dry = await remove('/scripts/own?dry=true')
      assert.deepEqual(await dry.json(), {
        name: 'own',
        hangs: [{ kind: 'pipelines', name: 'by-script', goes: false }],
      })

      const answers = await Promise.all([remove('/scripts/own'), remove('/scripts/own')])

      assert.deepEqual(answers.map(({ status }) => status).sort(), [204, 404])
      assert.deepEqual(await toldOf(bench, 'own'), [scriptDeleted.type])
      assert.deepEqual(
        (await bench.kept()).filter((owner) => owner.startsWith('scripts/own/')),
        [],
      )
      await extracted('by-script')
      assert.deepEqual(await runsOf(bench, 'by-script'), [])
      assert.equal(await script('print(1)'), 2)
      assert.equal((await runsOf(bench, 'by-script')).length, 1)
    })

    for (const [path, code] of [
      ['/pipelines/never', 404],
      ['/pipelines/never?dry=true', 404],
      ['/pipelines/Never', 400],
      ['/pipelines/never?dry=maybe', 400],
      ['/scripts/never', 404],
      ['/scripts/never?dry=true', 404],
      ['/scripts/never?yes=true', 400],
    ] as const) {
      it(`answers ${code} to DELETE ${path}`, async () => {
        assert.equal((await remove(path)).status, code)
      })
    }

    if (!twice) {
      it('starts nothing that stays, 200 times features come in while their data, view or pipeline is deleted', async () => {
        const race = async (at: number) => {
          const name = `race-${at}`
          await put(name, order(name))
          const steps = [
            () => extracted(name),
            () => bench.deliver(datasetDeleted, { dataset: `${name}-data`, versions: 1, deletedAt: now() }),
            () => bench.deliver(viewDeleted, { view: name, extractions: 1 }),
            () => remove(`/pipelines/${name}`),
          ]
          await Promise.all([...steps.slice(at % 4), ...steps.slice(0, at % 4)].map((step) => step()))
          const runs = await runsOf(bench, name)
          // A run that began before the deletions has its end asked for.
          for (const { id } of runs) {
            const { id: job } = await jobOf(bench, id)
            await bench.deliver(jobEnded, ended(job, { state: 'cancelled' }))
            assert.equal((await runOf(bench, id)).state, 'cancelled')
          }
          assert.deepEqual([await known(name), runs.length <= 1], [[], true])
          assert.equal((await bench.request(`/pipelines/${name}`)).status, 404)
        }
        for (let at = 0; at < 200; at += 8) await Promise.all([0, 1, 2, 3, 4, 5, 6, 7].map((more) => race(at + more)))
      })

      it('keeps nothing, 200 times a run ends while its model is deleted', async () => {
        const race = async (at: number) => {
          const name = `ends-${at}`
          const { run, job } = await began(name)
          const steps = [
            () => bench.deliver(jobEnded, ended(job, { state: 'succeeded', outputs })),
            () => bench.deliver(modelDeleted, { model: name, versions: 1, deletedAt: now() }),
          ]
          await Promise.all((at % 2 === 0 ? steps : steps.toReversed()).map((step) => step()))
          const { state } = await runOf(bench, run)
          assert.match(state, /^(succeeded|cancelled)$/)
          return `runs/${run}`
        }
        const owners: string[] = []
        for (let at = 0; at < 200; at += 8)
          owners.push(...(await Promise.all([0, 1, 2, 3, 4, 5, 6, 7].map((more) => race(at + more)))))
        const still = new Set(await bench.kept())
        assert.deepEqual(
          owners.filter((owner) => still.has(owner)),
          [],
        )
      })
    }
  })
}
