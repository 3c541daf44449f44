import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { FunctionTest } from '../../../build/testkit/setup.ts'
import { setup } from '../../../build/testkit/setup.ts'
import publish from '../../../functions/publish/function.ts'
import { Model } from '../../../functions/publish/view.ts'
import { modelConverted, modelDeleted, modelPublished, modelTrained } from '../../../triggers/events.ts'
import { runFacts } from './facts.ts'

for (const twice of [true, false]) {
  describe(`a model’s deletion${twice ? ', each event twice' : ''}`, () => {
    let bench: FunctionTest
    before(async () => {
      bench = await setup(publish, { twice })
    })
    after(() => bench.close())

    const facts = async (run: string, model: string, orderedAt = new Date().toISOString()) => {
      const { trained, converted } = await runFacts(bench.objects, run, { model, orderedAt })
      return { trained, converted: { ...converted, orderedAt } }
    }
    const take = async (run: string, model: string) => {
      const { trained, converted } = await facts(run, model)
      await bench.deliver(modelTrained, trained)
      await bench.deliver(modelConverted, converted)
    }
    const events = async (model: string) => (await bench.emitted()).filter(({ key }) => key === model)
    const published = async (model: string) =>
      (await events(model))
        .filter(({ type }) => type === modelPublished.type)
        .map(({ data }) => modelPublished.data.parse(data))
    const deletions = async (model: string) =>
      (await events(model))
        .filter(({ type }) => type === modelDeleted.type)
        .map(({ data }) => modelDeleted.data.parse(data))
    const remove = (model: string) => bench.request(`/models/${model}`, { method: 'DELETE' })
    const names = async (model: string) => (await bench.objects.list(`models/${model}/`)).map(({ name }) => name)
    const left = async (model: string) => {
      const rows = await bench.query<{ run: string }>`
        select run from runs where model = ${model} union all select run from versions where model = ${model}`
      const kept = (await bench.kept()).filter((owner) => owner.startsWith(`models/${model}/`))
      return [...rows.map(({ run }) => run), ...kept, ...(await names(model))]
    }

    it('says first what goes, and which pipelines stay', async () => {
      await take('dry-run', 'dry')

      const answer = await bench.request('/models/dry?dry=true', { method: 'DELETE' })

      assert.deepEqual(await answer.json(), {
        name: 'dry',
        hangs: [
          { kind: 'models', name: 'dry', version: '1', goes: true },
          { kind: 'pipelines', name: 'm', goes: false },
        ],
      })
      assert.equal((await bench.request('/models/dry')).status, 200)
    })

    it('takes versions, blobs and what infer reads; a new one of its name goes on counting', async () => {
      await take('first', 'gone')
      for (const one of await published('gone')) await bench.deliver(modelPublished, one)
      assert.deepEqual(await names('gone'), ['models/gone/current', 'models/gone/versions/1'])

      assert.equal((await remove('gone')).status, 204)
      assert.equal((await remove('gone')).status, 404)
      for (const one of await deletions('gone')) await bench.deliver(modelDeleted, one)

      assert.equal((await bench.request('/models/gone')).status, 404)
      assert.deepEqual(await left('gone'), [])
      assert.equal((await bench.send('POST', '/models/gone/rollback', {})).status, 404)
      await take('second', 'gone')
      const { versions } = Model.parse(await (await bench.request('/models/gone')).json())
      assert.deepEqual(
        versions.map(({ version, run }) => [version, run]),
        [[2, 'second']],
      )
    })

    it('lets nothing come back: neither the facts of a run from before nor a publication', async () => {
      await take('known', 'back')
      const late = await facts('late', 'back')
      const [publication] = await published('back')
      assert.ok(publication)
      await remove('back')
      for (const one of await deletions('back')) await bench.deliver(modelDeleted, one)

      await bench.deliver(modelTrained, late.trained)
      await bench.deliver(modelConverted, late.converted)
      await bench.deliver(modelPublished, publication)

      assert.deepEqual(await left('back'), [])
      assert.equal((await bench.request('/models/back')).status, 404)
    })

    for (const [path, code] of [
      ['/models/never', 404],
      ['/models/never?dry=true', 404],
      ['/models/never?dry=no%20idea', 400],
      ['/models/never?versions=1', 400],
    ] as const) {
      it(`answers ${code} to DELETE ${path}`, async () => {
        assert.equal((await bench.request(path, { method: 'DELETE' })).status, code)
      })
    }

    if (!twice) {
      it('leaves nothing, 200 times it meets a run that ends and a publication on its way', async () => {
        const race = async (at: number) => {
          const model = `race-${at}`
          await take(`${model}-a`, model)
          const [publication] = await published(model)
          assert.ok(publication)
          const { trained, converted } = await facts(`${model}-b`, model)
          const steps = [
            () => bench.deliver(modelTrained, trained),
            () => remove(model),
            () => bench.deliver(modelConverted, converted),
            () => bench.deliver(modelPublished, publication),
          ]
          await Promise.all([...steps.slice(at % 4), ...steps.slice(0, at % 4)].map((step) => step()))
          const told = await events(model)
          await Promise.all(
            told.map(({ type, data }) => {
              if (type === modelDeleted.type) return bench.deliver(modelDeleted, modelDeleted.data.parse(data))
              return bench.deliver(modelPublished, modelPublished.data.parse(data))
            }),
          )
          assert.equal((await deletions(model)).length, 1)
          assert.deepEqual(await left(model), [])
        }
        for (let at = 0; at < 200; at += 4) await Promise.all([0, 1, 2, 3].map((more) => race(at + more)))
      })
    }
  })
}
