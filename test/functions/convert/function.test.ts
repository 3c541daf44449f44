import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { FunctionTest } from '../../../build/testkit/setup.ts'
import { setup } from '../../../build/testkit/setup.ts'
import convert from '../../../functions/convert/function.ts'
import { onnxruntimeModels } from '../../../runtime/adapters/onnxruntime.ts'
import { conversionFailed, modelConverted, modelDeleted, modelTrained } from '../../../triggers/events.ts'
import { readCase } from './cases.ts'

const { text, rows, expected, model } = readCase('breast-cancer')
const utf8 = new TextEncoder()

describe('convert', () => {
  let bench: FunctionTest
  before(async () => {
    bench = await setup(convert, { twice: true })
  })
  after(() => bench.close())

  const form = (fields: Record<string, string>) => {
    const body = new FormData()
    for (const [name, value] of Object.entries(fields)) body.set(name, new File([value], name))
    return bench.request('/conversions', { method: 'POST', body })
  }

  const trained = async (artifact: string, reference: unknown) => ({
    run: `run-${artifact.length}-${JSON.stringify(reference).length}`,
    model: 'tumours',
    pipeline: 'tumours',
    view: 'tumours',
    extraction: 'e',
    inputs: [{ dataset: 'tumours', version: 1 }],
    format: 'lightgbm-text' as const,
    artifact: await bench.objects.put(utf8.encode(artifact)),
    definition: await bench.objects.put(utf8.encode('{}')),
    encoder: await bench.objects.put(utf8.encode('{}')),
    reference: await bench.objects.put(utf8.encode(JSON.stringify(reference))),
    metrics: {},
    signature: { task: 'classification' as const, target: 'diagnosis' },
    code: { trainer: 'gbdt', digest: 'sha256:0' },
    environment: { digest: 'sha256:0' },
    data: { digest: 'sha256:0' },
    seed: 1,
  })
  const reference = { features: model.features, rows, raw: expected.raw }

  it('answers 201 with the proof, and serves the graph at Location', async () => {
    const samples = [model.features.join(','), ...rows.map((row) => row.join(','))].join('\n')

    const answer = await form({ model: text, samples })

    assert.equal(answer.status, 201)
    const conversion = (await answer.json()) as Record<string, unknown>
    assert.equal(conversion['format'], 'lightgbm-text')
    assert.equal(conversion['leafMismatches'], 0)
    assert.ok(Number(conversion['maxAbsoluteDifference']) <= 1e-12)
    assert.ok(Number(conversion['rows']) > rows.length)
    const location = answer.headers.get('location') ?? ''
    assert.equal(location, `/conversions/${conversion['id']}/model.onnx`)
    const graph = await bench.request(location)
    const models = onnxruntimeModels()
    const { inputs } = await models.load(new Uint8Array(await graph.arrayBuffer()))
    await models.close()
    assert.deepEqual(inputs, conversion['inputs'])
    const found = await bench.request(`/conversions/${conversion['id']}`)
    assert.deepEqual(await found.json(), conversion)
    assert.deepEqual(await bench.emitted(), [])
  })

  it('takes a model without samples', async () => {
    const answer = await form({ model: text })

    assert.equal(answer.status, 201)
  })

  for (const [what, fields, status, pointer] of [
    ['a form without a model', { samples: '1' }, 400, '/model'],
    ['a model that is none', { model: 'PK' }, 422, undefined],
    ['samples of another width', { model: text, samples: '1,2,3' }, 422, 'line 1'],
    ['samples without a feature', { model: text, samples: 'mean_radius\n1' }, 422, 'line 1'],
    ['samples that are no numbers', { model: text, samples: `${rows[0]}\n${rows[1]},x` }, 422, 'line 2'],
  ] as const satisfies readonly (readonly [string, Record<string, string>, number, string | undefined])[]) {
    it(`answers ${status} to ${what}`, async () => {
      const answer = await form(fields)

      assert.equal(answer.status, status)
      const { errors } = (await answer.json()) as { errors?: { pointer: string }[] }
      assert.equal(errors?.[0]?.pointer, pointer)
    })
  }

  it('answers 415 to a body that is no form, and 400 to a broken one', async () => {
    const post = (type: string) =>
      bench.request('/conversions', { method: 'POST', body: text, headers: { 'Content-Type': type } })

    assert.equal((await post('text/plain')).status, 415)
    assert.equal((await post('multipart/form-data; boundary=x')).status, 400)
  })

  it('answers 413 to a form that is too large, unread', async () => {
    const answer = await bench.request('/conversions', {
      method: 'POST',
      body: '--x--',
      headers: { 'Content-Type': 'multipart/form-data; boundary=x', 'Content-Length': '1000000000' },
    })

    assert.equal(answer.status, 413)
  })

  it('answers 404 where there is no such conversion', async () => {
    assert.equal((await bench.request('/conversions/none')).status, 404)
    assert.equal((await bench.request('/conversions/none/model.onnx')).status, 404)
  })

  it('converts what a run has trained, once, and tells with the report', async () => {
    const event = await trained(text, reference)

    const answer = await bench.deliver(modelTrained, event)

    assert.equal(answer.status, 204)
    const told = (await bench.emitted()).filter(({ type }) => type === 'mezz.model.converted.v1')
    assert.equal(told.length, 1)
    const { run, onnx, report } = modelConverted.data.parse(told[0]?.data)
    assert.equal(run, event.run)
    assert.ok(await bench.objects.read(onnx.name))
    assert.ok(report.rows > rows.length)
    const found = (await (await bench.request(`/conversions/${run}`)).json()) as Record<string, unknown>
    assert.deepEqual([found['state'], found['model'], found['rows']], ['converted', 'tumours', report.rows])
  })

  it("tells of a failure, with its reason, where the graph is not equal to the trainer's scores", async () => {
    const event = await trained(text, { ...reference, raw: expected.raw.map(([score = 0]) => [score + 1e-6]) })

    const answer = await bench.deliver(modelTrained, event)

    assert.equal(answer.status, 204)
    const told = (await bench.emitted()).at(-1)
    assert.equal(told?.type, 'mezz.conversion.failed.v1')
    const { reason } = conversionFailed.data.parse(told?.data)
    assert.match(reason, /not equal to the trained one: a score is .* the trainer's own/)
    const found = (await (await bench.request(`/conversions/${event.run}`)).json()) as Record<string, unknown>
    assert.deepEqual([found['state'], found['reason']], ['failed', reason])
  })

  it('tells of a failure where the artifact or the reference cannot be read', async () => {
    for (const [artifact, other, reason] of [
      ['no model', reference, /not a LightGBM model/],
      [text, { ...reference, rows: 1 }, /cannot be read: .*expected array.*at rows/s],
    ] as const) {
      await bench.deliver(modelTrained, await trained(artifact, other))

      const told = (await bench.emitted()).at(-1)
      assert.equal(told?.type, 'mezz.conversion.failed.v1')
      assert.match(conversionFailed.data.parse(told?.data).reason, reason)
    }
  })

  it('asks to be told again while the artifact is not there', async () => {
    const event = await trained(text, reference)
    const before = await bench.emitted()

    const answer = await bench.deliver(modelTrained, {
      ...event,
      run: 'run-early',
      artifact: { name: 'jobs/none/1/model.txt', sha256: '0'.repeat(64), bytes: 1 },
    })

    assert.equal(answer.status, 404)
    assert.deepEqual(await bench.emitted(), before)
  })

  it('lets the conversions of a deleted model go, and makes none of its runs from before', async () => {
    const at = (ms: number) => new Date(Date.UTC(2026, 0, 1, 0, 0, 0, ms)).toISOString()
    const of = async (run: string, orderedAt?: string) => ({
      ...(await trained(text, reference)),
      run,
      model: 'gone',
      ...(orderedAt ? { orderedAt } : {}),
    })
    const told = async () =>
      (await bench.emitted()).filter(({ type, key }) => key === 'gone' && type === modelConverted.type).length
    await bench.deliver(modelTrained, await of('old', at(1)))
    await bench.deliver(modelTrained, await of('new', at(3)))
    assert.equal(await told(), 2)

    await bench.deliver(modelDeleted, { model: 'gone', versions: 1, deletedAt: at(2) })
    await bench.deliver(modelTrained, await of('late', at(2)))
    await bench.deliver(modelTrained, await of('undated'))

    const statuses = ['old', 'new', 'late', 'undated'].map(
      async (run) => (await bench.request(`/conversions/${run}`)).status,
    )
    assert.deepEqual(await Promise.all(statuses), [404, 200, 404, 404])
    assert.equal(await told(), 2)
    assert.deepEqual(
      (await bench.kept()).filter((owner) => ['old', 'new', 'late'].includes(owner.replace('conversions/', ''))),
      ['conversions/new'],
    )
  })
})
