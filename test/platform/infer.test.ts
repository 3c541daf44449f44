import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import * as z from 'zod'
import type { FunctionTest } from '../../build/testkit/setup.ts'
import { setup } from '../../build/testkit/setup.ts'
import infer from '../../functions/infer/function.ts'
import { InferenceResponse, ModelMetadata } from '../../functions/infer/oip-schema.ts'
import { Predictions } from '../../functions/infer/predictions.ts'
import { mixedRows, realRows } from '../functions/infer/tables.ts'
import type { Table, TableRow } from '../functions/infer/trained.ts'
import { json, pack, release, train } from '../functions/infer/trained.ts'

const Problem = z.looseObject({
  code: z.string(),
  detail: z.string(),
  errors: z.array(z.object({ pointer: z.string(), reason: z.string() })).optional(),
  error: z.string().optional(),
})

const TABLES: Readonly<Record<string, Table>> = {
  cancer: realRows('breast-cancer', 'target', ['target']),
  iris: realRows('iris', 'target', ['target']),
  petals: realRows('iris', 'petal_width_cm', ['target']),
  number: mixedRows(1, 'number'),
  truth: mixedRows(2, 'truth'),
  grade: mixedRows(3, 'grade'),
}

describe('infer', () => {
  let bench: FunctionTest
  const trained = Object.fromEntries(Object.entries(TABLES).map(([name, table]) => [name, train(table)]))
  const model = (name: string) => trained[name] ?? assert.fail(`no model ${name}`)
  before(async () => {
    bench = await setup(infer)
    for (const name of Object.keys(TABLES)) await release(bench.objects, name, model(name))
  })
  after(() => bench.close())

  const predict = async (name: string, rows: readonly unknown[]) => {
    const answer = await bench.send('POST', `/models/${name}/predict`, { rows })
    return Predictions.parse(await answer.json())
  }
  const metadata = async (name: string) => ModelMetadata.parse(await (await bench.request(`/v2/models/${name}`)).json())
  const tensors = async (name: string, rows: readonly TableRow[], nested = false) =>
    (await metadata(name)).inputs.map((input) => ({
      name: input.name,
      datatype: input.datatype,
      shape: nested ? [rows.length, 1] : [rows.length],
      data: rows.map((row) => (nested ? [row[input.name] ?? null] : (row[input.name] ?? null))),
    }))
  const ask = async (name: string, body: unknown) =>
    InferenceResponse.parse(await (await bench.send('POST', `/v2/models/${name}/infer`, body)).json())

  for (const [name, { rows, target, classes }] of Object.entries(TABLES)) {
    it(`says of ${name} what the trees say, by predict and by the open protocol alike`, async () => {
      const { evaluate } = model(name)
      const asked = [...rows, {}].map((row) => ({ ...row, [target]: undefined }))

      const found = await predict(name, asked)
      const flat = await ask(name, { id: 'mine', inputs: await tensors(name, asked) })
      const nested = await ask(name, { inputs: await tensors(name, asked, true) })

      const expected = asked.map((row) => evaluate(row))
      const scores = found.predictions.map((one) => ('value' in one ? [one.value] : Object.values(one.probabilities)))
      // The keys 1, 2 and 3 and the sorted texts stand in the order of the classes.
      let most = 0
      for (const [at, { values }] of expected.entries()) {
        assert.equal(scores[at]?.length, values.length)
        for (const [column, value] of values.entries())
          most = Math.max(most, Math.abs(value - (scores[at]?.[column] ?? NaN)))
      }
      assert.ok(most <= 1e-12, `apart by ${most}`)
      const [first, second] = flat.outputs
      assert.deepEqual(classes ? second?.data : first?.data, scores.flat())
      const labels = found.predictions.flatMap((one) => ('label' in one ? [one.label] : []))
      if (classes) {
        assert.deepEqual(first?.data, labels)
        const likeliest = expected.map(({ values }) => classes[values.indexOf(Math.max(...values))])
        assert.deepEqual(labels, likeliest)
      }
      assert.deepEqual(nested.outputs, flat.outputs)
      assert.equal(flat.id, 'mine')
      assert.equal(nested.id, nested.parameters.prediction)
      assert.match(found.id, new RegExp(`^${name}@1/[0-9a-f-]{36}$`))
      assert.deepEqual([found.model, found.version], [name, 1])
    })
  }

  it('gives raw scores by the open protocol, and only the outputs asked for, in their order', async () => {
    const rows = TABLES['iris']?.rows.slice(0, 3) ?? []
    const inputs = await tensors('iris', rows)

    const { outputs } = await ask('iris', { inputs, outputs: [{ name: 'raw' }, { name: 'label' }] })

    assert.deepEqual(
      outputs.map(({ name, datatype, shape }) => [name, datatype, shape]),
      [
        ['raw', 'FP64', [3, 3]],
        ['label', 'BYTES', [3]],
      ],
    )
    const expected = rows.flatMap((row) => model('iris').evaluate(row).raw)
    for (const [at, value] of expected.entries()) assert.ok(Math.abs(value - Number(outputs[0]?.data[at])) <= 1e-12)
  })

  it('takes the text a value has in a CSV, null, absent and empty as predict does, and a tensor left out as missing', async () => {
    const size = -1.25
    const { predictions } = await predict('number', [
      { size, 'city 城市': '北京', member: true },
      { size: ' -1.25 ', 'city 城市': '北京', member: 'TRUE', code: '', at: 'n/a', target: 'not looked at' },
      { size: '-1.25e0', 'city 城市': '北京', member: 'true', code: null },
    ])
    assert.deepEqual(predictions[1], predictions[0])
    assert.deepEqual(predictions[2], predictions[0])

    const { outputs } = await ask('number', {
      inputs: [
        { name: 'size', shape: [1], datatype: 'FP64', data: [size] },
        { name: 'city 城市', shape: [1], datatype: 'BYTES', data: ['北京'] },
        { name: 'member', shape: [1], datatype: 'BOOL', data: [true] },
      ],
      outputs: [{ name: 'value' }],
    })
    assert.deepEqual([{ value: outputs[0]?.data[0] }], [predictions[0]])
  })

  it('describes a model: a tensor for each raw column but the target', async () => {
    assert.deepEqual(await metadata('truth'), {
      name: 'truth',
      versions: ['1'],
      platform: 'onnxruntime_onnx',
      inputs: [
        { name: 'size', datatype: 'FP64', shape: [-1] },
        { name: 'city 城市', datatype: 'BYTES', shape: [-1] },
        { name: 'code', datatype: 'BYTES', shape: [-1] },
        { name: 'at', datatype: 'BYTES', shape: [-1] },
        { name: 'member', datatype: 'BOOL', shape: [-1] },
      ],
      outputs: [
        { name: 'label', datatype: 'BOOL', shape: [-1] },
        { name: 'probabilities', datatype: 'FP64', shape: [-1, 2] },
        { name: 'raw', datatype: 'FP64', shape: [-1, 1] },
      ],
    })
  })

  it('answers the health and metadata routes of the open protocol', async () => {
    for (const path of ['', '/health/live', '/health/ready', '/models/iris/ready', '/models/iris/versions/1/ready']) {
      assert.equal((await bench.request(`/v2${path}`)).status, 200, path)
    }
    assert.deepEqual(await (await bench.request('/v2/models/iris/versions/1')).json(), await metadata('iris'))
  })

  it('shares requests between versions by their traffic, and answers by an older version when asked', async () => {
    const [first, second] = await Promise.all([
      pack(bench.objects, 'split', model('number')),
      pack(bench.objects, 'split', model('truth')),
    ])
    await bench.objects.write(
      'models/split/current',
      json({
        model: 'split',
        versions: [
          { version: 3, traffic: 25, package: first },
          { version: 4, traffic: 75, package: second },
        ],
      }),
    )
    await bench.objects.write('models/split/versions/1', json({ version: 1, package: first }))

    const versions = await Promise.all(Array.from({ length: 400 }, async () => (await predict('split', [{}])).version))

    const share = versions.filter((version) => version === 3).length / versions.length
    // Eleven standard deviations either way.
    assert.ok(share > 0.01 && share < 0.5, `${share}`)
    assert.deepEqual((await metadata('split')).versions, ['4', '3'])
    const old = await bench.send('POST', '/v2/models/split/versions/1/infer', {
      inputs: [{ name: 'size', shape: [1], datatype: 'FP64', data: [1] }],
    })
    assert.equal(InferenceResponse.parse(await old.json()).model_version, '1')
  })

  const row = { size: 1 }
  const size = { name: 'size', shape: [1], datatype: 'FP64', data: [1] }
  const many = Array.from({ length: 10_001 }, () => row)
  const P = '/models/number/predict'
  const V = '/v2/models/number/infer'
  const inputs = (...tensors: readonly object[]) => ({ inputs: tensors })
  for (const [what, path, body, status, code, pointer] of [
    ['no rows', P, {}, 400, 'invalid_input', '/rows'],
    ['no row', P, { rows: [] }, 400, 'invalid_input', '/rows'],
    ['rows that are none', P, { rows: 'x' }, 400, 'invalid_input', '/rows'],
    ['too many rows', P, { rows: many }, 400, 'invalid_input', '/rows'],
    ['a row that is a number', P, { rows: [row, 1] }, 400, 'invalid_input', '/rows/1'],
    ['a row that is an array', P, { rows: [[1]] }, 400, 'invalid_input', '/rows/0'],
    ['a row that is null', P, { rows: [null] }, 400, 'invalid_input', '/rows/0'],
    ['a body that is an array', P, [], 400, 'invalid_input', ''],
    ['a text that is no number', P, { rows: [row, { size: 'x' }] }, 422, 'unprocessable', '/rows/1/size'],
    ['a truth value for a number', P, { rows: [{ size: true }] }, 422, 'unprocessable', '/rows/0/size'],
    ['a text that is no truth value', P, { rows: [{ member: 'yes' }] }, 422, 'unprocessable', '/rows/0/member'],
    ['a day that is none', P, { rows: [{ at: '2024-02-30' }] }, 422, 'unprocessable', '/rows/0/at'],
    ['a number for a time', P, { rows: [{ at: 1 }] }, 422, 'unprocessable', '/rows/0/at'],
    ['an object for a text', P, { rows: [{ 'city 城市': {} }] }, 422, 'unprocessable', '/rows/0/city 城市'],
    ['columns that are not known', P, { rows: [{ 'a/b~c': 1 }] }, 422, 'unprocessable', '/rows/0/a~1b~0c'],
    ['a model that is not there', '/models/none/predict', { rows: [row] }, 404, 'not_found', undefined],
    ['a name that is none', '/models/No/predict', { rows: [row] }, 400, 'invalid_input', '/model'],
    ['no tensor', V, inputs(), 400, 'invalid_input', '/inputs'],
    ['a tensor of another name', V, inputs({ ...size, name: 'sise' }), 400, 'invalid_input', '/inputs/0/name'],
    ['the target as a tensor', V, inputs({ ...size, name: 'target' }), 400, 'invalid_input', '/inputs/0/name'],
    ['a tensor twice', V, inputs(size, size), 400, 'invalid_input', '/inputs/1/name'],
    ['another datatype', V, inputs({ ...size, datatype: 'FP32' }), 400, 'invalid_input', '/inputs/0/datatype'],
    ['a wider shape', V, inputs({ ...size, shape: [1, 2], data: [1, 2] }), 400, 'invalid_input', '/inputs/0/shape'],
    ['a shape of no row', V, inputs({ ...size, shape: [0], data: [] }), 400, 'invalid_input', '/inputs/0/shape'],
    ['more data than shape', V, inputs({ ...size, data: [1, 2] }), 400, 'invalid_input', '/inputs/0/data'],
    ['nested data of [N]', V, inputs({ ...size, data: [[1]] }), 400, 'invalid_input', '/inputs/0/data/0'],
    ['a text in a FP64 tensor', V, inputs({ ...size, data: ['1'] }), 400, 'invalid_input', '/inputs/0/data/0'],
    [
      'tensors of several lengths',
      V,
      inputs(size, { name: 'at', datatype: 'BYTES', shape: [2], data: [null, null] }),
      400,
      'invalid_input',
      '/inputs/1/shape',
    ],
    [
      'a text that is no time',
      V,
      inputs(
        { ...size, shape: [2], data: [1, 1] },
        { name: 'at', datatype: 'BYTES', shape: [2, 1], data: [[null], ['noon']] },
      ),
      422,
      'unprocessable',
      '/inputs/1/data/1',
    ],
    [
      'an output that is not there',
      V,
      { ...inputs(size), outputs: [{ name: 'value' }, { name: 'label' }] },
      400,
      'invalid_input',
      '/outputs/1/name',
    ],
    ['a model that is not there', '/v2/models/none/infer', inputs(size), 404, 'not_found', undefined],
    ['a version that is not there', '/v2/models/number/versions/2/infer', inputs(size), 404, 'not_found', undefined],
    ['a version that is no number', '/v2/models/number/versions/01/infer', inputs(size), 404, 'not_found', undefined],
    ['a route that is not there', '/v2/repository/index', {}, 404, 'not_found', undefined],
  ] as const satisfies readonly (readonly [string, string, unknown, number, string, string | undefined])[]) {
    it(`answers ${status} to ${what} at ${path}`, async () => {
      const answer = await bench.send('POST', path, body)

      const problem = Problem.parse(await answer.json())
      assert.deepEqual([answer.status, problem.code, problem.errors?.[0]?.pointer], [status, code, pointer])
      assert.equal(answer.headers.get('content-type'), 'application/problem+json')
      assert.equal(problem.error, path.startsWith('/v2') ? problem.detail : undefined)
    })
  }

  it('answers 503 while a package is not there', async () => {
    const graph = await bench.objects.put(json('another'))
    await bench.objects.write(
      'models/gone/current',
      json({ versions: [{ version: 1, traffic: 100, package: { ...graph, name: 'blobs/gone' } }] }),
    )

    const answer = await bench.send('POST', '/models/gone/predict', { rows: [row] })

    assert.equal(answer.status, 503)
    assert.equal(answer.headers.get('retry-after'), '1')
  })
})
