import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import * as z from 'zod'
import type { FunctionTest } from '../../build/testkit/setup.ts'
import { setup } from '../../build/testkit/setup.ts'
import publish from '../../functions/publish/function.ts'
import { Model, Models } from '../../functions/publish/view.ts'
import { conversionFailed, modelConverted, modelPublished, modelTrained } from '../../triggers/events.ts'
import { runFacts } from '../functions/publish/facts.ts'

type Given = Parameters<typeof runFacts>[2]

const Alias = z.object({
  versions: z.array(z.object({ version: z.int(), traffic: z.number(), package: z.object({ sha256: z.string() }) })),
})

describe('publish', () => {
  let bench: FunctionTest
  before(async () => {
    bench = await setup(publish, { twice: true })
  })
  after(() => bench.close())

  const facts = (run: string, given: Given) => runFacts(bench.objects, run, given)
  const take = async (run: string, given: Given) => {
    const { trained, converted } = await facts(run, given)
    await bench.deliver(modelTrained, trained)
    await bench.deliver(modelConverted, converted)
  }
  const model = async (name: string) => Model.parse(await (await bench.request(`/models/${name}`)).json())
  const states = async (name: string) =>
    (await model(name)).versions.map(({ version, run, state, traffic }) => [version, run, state, traffic])
  const told = async (name: string) =>
    (await bench.emitted())
      .filter(({ key }) => key === name)
      .map(({ type, data }) => {
        const { version, traffic } = z.object({ version: z.int(), traffic: z.number().optional() }).parse(data)
        return [type.split('.').at(2), version, traffic]
      })
  const published = async (name: string) =>
    (await bench.emitted())
      .filter(({ key, type }) => key === name && type === modelPublished.type)
      .map(({ data }) => modelPublished.data.parse(data))
  const read = async (name: string) => {
    const parts: Uint8Array[] = []
    for await (const part of (await bench.objects.read(name))?.body ?? []) parts.push(part)
    return parts.length > 0 ? (JSON.parse(Buffer.concat(parts).toString()) as unknown) : null
  }
  const alias = async (name: string) =>
    Alias.parse(await read(`models/${name}/current`)).versions.map(({ version, traffic }) => [version, traffic])
  const post = (path: string, body: unknown = {}) => bench.send('POST', path, body)

  for (const [name, order] of [
    ['tc', ['trained', 'converted']],
    ['ct', ['converted', 'trained']],
    ['tct', ['trained', 'converted', 'trained']],
    ['cctc', ['converted', 'converted', 'trained', 'converted']],
  ] as const) {
    it(`publishes once when the facts of a run come as ${order.join(', ')}`, async () => {
      const { trained, converted } = await facts(`run-${name}`, { model: name })

      for (const one of order) {
        if (one === 'trained') await bench.deliver(modelTrained, trained)
        else await bench.deliver(modelConverted, converted)
      }

      assert.deepEqual(await states(name), [[1, `run-${name}`, 'published', 100]])
      assert.deepEqual(await told(name), [['published', 1, 100]])
      const [event] = await published(name)
      assert.deepEqual(await read(event?.package.name ?? ''), {
        format: 1,
        model: name,
        run: trained.run,
        graph: converted.onnx,
        encoder: await read(trained.encoder?.name ?? ''),
        definition: await read(trained.definition.name),
        signature: trained.signature,
        report: converted.report,
        metrics: trained.metrics,
      })
    })
  }

  it('publishes once when both facts come at once', async () => {
    const runs = await Promise.all(Array.from({ length: 12 }, (_, at) => facts(`once-${at}`, { model: `once-${at}` })))
    const send = async (type: typeof modelTrained | typeof modelConverted, data: { readonly run: string }) =>
      bench.app.request(`/events/${type.type.split('.').slice(1, 3).join('-')}`, {
        method: 'POST',
        body: JSON.stringify(data),
        headers: {
          'Content-Type': 'application/json',
          'x-test-as': 'engine',
          'ce-specversion': '1.0',
          'ce-id': `${type.type}-${data.run}`,
          'ce-source': '/test/tester',
          'ce-type': type.type,
        },
      })

    const answers = await Promise.all(
      runs.flatMap(({ trained, converted }) => [send(modelTrained, trained), send(modelConverted, converted)]),
    )

    assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([204]))
    for (const { trained } of runs) assert.deepEqual(await told(trained.model), [['published', 1, 100]])
  })

  it('rejects what its rule refuses, with the reason, and does not publish it by hand', async () => {
    await take('rejected', { model: 'rule', publish: { metric: 'rmse', atMost: 0.5 } })

    const [version] = (await model('rule')).versions
    assert.equal(version?.state, 'rejected')
    assert.match(version?.reason ?? '', /rmse is 1, the publish rule wants 0.5 at most/)
    assert.deepEqual(await told('rule'), [['rejected', 1, undefined]])
    const answer = await post('/models/rule/versions/1/publish')
    assert.equal(answer.status, 409)
    assert.match(z.object({ detail: z.string() }).parse(await answer.json()).detail, /rmse is 1/)
  })

  for (const order of ['trained first', 'failed first'] as const) {
    it(`rejects a run whose conversion failed, ${order}`, async () => {
      const name = order.replace(' ', '-')
      const { trained } = await facts(`run-${name}`, { model: name })
      const failed = { run: trained.run, model: name, reason: 'no trees' }

      if (order === 'trained first') await bench.deliver(modelTrained, trained)
      await bench.deliver(conversionFailed, failed)
      if (order === 'failed first') await bench.deliver(modelTrained, trained)

      const { published: front, versions } = await model(name)
      assert.equal(front, null)
      assert.deepEqual(
        versions.map(({ state, reason, digest, metrics }) => [state, reason, digest, metrics]),
        [['rejected', 'no trees', null, trained.metrics]],
      )
      assert.deepEqual(await told(name), [['rejected', 1, undefined]])
    })
  }

  it('rejects a run whose encoder does not fit its view', async () => {
    const encoder = await bench.objects.put(new TextEncoder().encode('{"features":[]}'))
    await take('unfit', { model: 'unfit', encoder })

    assert.match((await model('unfit')).versions[0]?.reason ?? '', /the view makes x, the encoder takes/)
  })

  it('asks to be told again while the encoder is not there', async () => {
    const encoder = { name: 'jobs/none/1/encoder.json', sha256: '0'.repeat(64), bytes: 1 }
    const { trained, converted } = await facts('early', { model: 'early', encoder })

    await bench.deliver(modelTrained, trained)
    const answer = await bench.deliver(modelConverted, converted)

    assert.equal(answer.status, 404)
    assert.deepEqual(await told('early'), [])
  })

  it('makes a candidate of a run on older inputs, and retires the former version for a newer one', async () => {
    await take('a', { model: 'ages', inputs: [{ dataset: 'd', version: 2 }] })
    await take('b', { model: 'ages', inputs: [{ dataset: 'd', version: 1 }] })
    await take('c', { model: 'ages', inputs: [{ dataset: 'd', version: 3 }] })

    assert.deepEqual(await states('ages'), [
      [1, 'a', 'retired', 0],
      [2, 'b', 'candidate', 0],
      [3, 'c', 'published', 100],
    ])
    assert.deepEqual(await told('ages'), [
      ['published', 1, 100],
      ['published', 3, 100],
    ])
  })

  it('goes back to the version published before, and further, until there is none', async () => {
    for (const run of ['one', 'two', 'three']) await take(`back-${run}`, { model: 'back' })

    assert.equal(Model.parse(await (await post('/models/back/rollback')).json()).published, 2)
    assert.equal(Model.parse(await (await post('/models/back/rollback')).json()).published, 1)
    assert.equal((await post('/models/back/rollback')).status, 409)
    assert.equal(Model.parse(await (await post('/models/back/versions/3/publish')).json()).published, 3)
    assert.equal(Model.parse(await (await post('/models/back/rollback')).json()).published, 1)

    assert.deepEqual(await told('back'), [
      ['published', 1, 100],
      ['published', 2, 100],
      ['published', 3, 100],
      ['published', 2, 100],
      ['published', 1, 100],
      ['published', 3, 100],
      ['published', 1, 100],
    ])
  })

  it('shares the traffic between versions, and takes it back', async () => {
    for (const run of ['one', 'two', 'three']) await take(`share-${run}`, { model: 'share' })
    const share = async (version: number, traffic?: number) =>
      (await post(`/models/share/versions/${version}/publish`, { traffic })).status

    assert.equal(await share(1, 10), 200)
    assert.equal(await share(2, 15.5), 200)
    assert.deepEqual(await states('share'), [
      [1, 'share-one', 'retired', 10],
      [2, 'share-two', 'retired', 15.5],
      [3, 'share-three', 'published', 74.5],
    ])
    assert.equal(await share(2, 90.5), 409)
    assert.equal(await share(3, 50), 409)
    assert.equal(await share(1, 101), 400)
    assert.equal(await share(1, 0), 200)
    assert.equal(await share(3), 200)
    assert.deepEqual(
      (await states('share')).map(([, , state, traffic]) => [state, traffic]),
      [
        ['retired', 0],
        ['retired', 0],
        ['published', 100],
      ],
    )
    const before = (await told('share')).length
    assert.equal(await share(3), 200)
    assert.equal((await told('share')).length, before)
  })

  it('takes a publication without a body', async () => {
    await take('bare', { model: 'bare' })

    const answer = await bench.request('/models/bare/versions/1/publish', { method: 'POST' })

    assert.equal(answer.status, 200)
  })

  it('writes the alias from the present state, whichever event comes, twice and late', async () => {
    for (const run of ['one', 'two', 'three']) await take(`late-${run}`, { model: 'late' })
    await post('/models/late/versions/1/publish', { traffic: 25 })
    await post('/models/late/rollback')
    const events = await published('late')
    assert.equal(events.length, 5)

    for (const event of [...events.toReversed(), ...events]) {
      await bench.deliver(modelPublished, event)

      assert.deepEqual(await alias('late'), [[2, 100]])
      const version = z
        .object({ version: z.int(), package: z.unknown() })
        .parse(await read(`models/late/versions/${event.version}`))
      assert.deepEqual(version, { version: event.version, package: event.package })
    }
  })

  it('names every version that has traffic in the alias', async () => {
    for (const run of ['one', 'two']) await take(`split-${run}`, { model: 'split' })
    await post('/models/split/versions/1/publish', { traffic: 25 })

    for (const event of await published('split')) await bench.deliver(modelPublished, event)

    assert.deepEqual(await alias('split'), [
      [1, 25],
      [2, 75],
    ])
  })

  for (const [method, path, status] of [
    ['GET', '/models/none', 404],
    ['POST', '/models/none/rollback', 404],
    ['POST', '/models/none/versions/1/publish', 404],
    ['POST', '/models/bare/versions/2/publish', 404],
    ['POST', '/models/bare/versions/x/publish', 404],
    ['GET', '/models/No', 400],
    ['GET', '/models?limit=0', 400],
    ['DELETE', '/models', 405],
  ] as const) {
    it(`answers ${status} to ${method} ${path}`, async () => {
      assert.equal((await bench.request(path, { method })).status, status)
    })
  }

  it('lists models by name, page by page', async () => {
    const names: string[] = []
    let next: string | undefined = ''
    while (next !== undefined) {
      const page = Models.parse(await (await bench.request(`/models?limit=5&after=${next}`)).json())
      names.push(...page.items.map(({ name }) => name))
      next = page.next
    }

    assert.deepEqual(names, names.toSorted())
    assert.equal(new Set(names).size, names.length)
    assert.ok(names.includes('share') && names.includes('once-11'))
  })
})
