import assert from 'node:assert/strict'
import { text } from 'node:stream/consumers'
import { after, before, describe, it } from 'node:test'
import type { FunctionTest } from '../../build/testkit/setup.ts'
import { setup } from '../../build/testkit/setup.ts'
import publish from '../../functions/publish/function.ts'
import { endpointOf } from '../../functions/publish/serving.ts'
import { Model } from '../../functions/publish/view.ts'
import type { ServedScript } from '../../runtime/workload.ts'
import { modelConverted, modelPublished, modelTrained } from '../../triggers/events.ts'
import { runFacts } from '../functions/publish/facts.ts'

describe('publish, of models that are served by themselves', () => {
  let bench: FunctionTest
  before(async () => {
    bench = await setup(publish, { twice: true })
  })
  after(() => bench.close())

  const take = async (run: string, given: Parameters<typeof runFacts>[2]) => {
    const { trained, converted } = await runFacts(bench.objects, run, given)
    await bench.deliver(modelTrained, trained)
    if (!trained.script) await bench.deliver(modelConverted, converted)
    return trained
  }
  const script = async (of: string): Promise<ServedScript> => {
    const files = await bench.objects.put(new TextEncoder().encode(of))
    return {
      ...{ files, entry: 'train.py', table: files, dataset: 'd', contract: files },
      ...{ target: 'y', task: 'regression', parameters: {} },
    }
  }
  const workload = async (name: string) => (await bench.workloads()).find((one) => one.name === name)?.workload
  const model = async (name: string) => Model.parse(await (await bench.request(`/models/${name}`)).json())
  const alias = async (name: string) => {
    const [event] = (await bench.emitted())
      .filter((one) => one.key === name && one.type === modelPublished.type)
      .slice(-1)
    await bench.deliver(modelPublished, modelPublished.data.parse(event?.data))
    const found = await bench.objects.read(`models/${name}/current`)
    return found ? text(found.body) : ''
  }

  it('asks for what the published version asks for, and takes it back with it', async () => {
    const serving = { resources: { cpu: '2', memory: '1Gi' }, scale: { min: 1 } }
    await take('w1', { model: 'w' })
    assert.equal(await workload('infer-w'), undefined)

    await take('w2', { model: 'w', serving })
    assert.deepEqual(await workload('infer-w'), { ...serving, model: 'w' })
    assert.equal((await model('w')).endpoint, 'infer-w')
    assert.ok((await alias('w')).startsWith('{"model":"w","endpoint":"infer-w","versions":[{"version":2,'))

    assert.equal((await bench.send('POST', '/models/w/rollback', {})).status, 200)
    assert.equal(await workload('infer-w'), undefined)
    assert.equal((await model('w')).endpoint, undefined)

    assert.equal((await bench.send('POST', '/models/w/versions/2/publish', {})).status, 200)
    assert.deepEqual(await workload('infer-w'), { ...serving, model: 'w' })
  })

  it('publishes a script as it is, without a graph, by its own version', async () => {
    const [first, second] = [await script('first'), await script('second')]
    await take('s1', { model: 's', format: 'script', script: first })
    assert.deepEqual(await workload('infer-s'), { model: 's', script: { ...first, version: 1 } })

    await take('s2', { model: 's', format: 'script', script: second, serving: { scale: { max: 1 } } })
    assert.deepEqual(await workload('infer-s'), { model: 's', scale: { max: 1 }, script: { ...second, version: 2 } })

    assert.equal((await bench.send('POST', '/models/s/rollback', {})).status, 200)
    assert.deepEqual(await workload('infer-s'), { model: 's', script: { ...first, version: 1 } })
  })

  it('shares no traffic between a script and another version', async () => {
    await take('m1', { model: 'm' })
    await take('m2', { model: 'm', format: 'script', script: await script('m2') })

    const answer = await bench.send('POST', '/models/m/versions/1/publish', { traffic: 10 })

    assert.equal(answer.status, 409)
    assert.match(await answer.text(), /is a script that serves itself: publish version 1 wholly/)
    assert.deepEqual(
      (await model('m')).versions.map(({ traffic }) => traffic),
      [0, 100],
    )
  })
})

it('names what serves a model by a DNS label, whatever the length of its name', () => {
  const [one, other] = ['a', 'b'].map((end) => endpointOf('x'.repeat(62) + end))

  assert.equal(endpointOf('churn'), 'infer-churn')
  assert.match(one ?? '', /^infer-x{48}-[0-9a-f]{8}$/)
  assert.notEqual(one, other)
})
