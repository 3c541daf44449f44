import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import * as z from 'zod'
import type { FunctionTest } from '../../build/testkit/setup.ts'
import { setup } from '../../build/testkit/setup.ts'
import infer from '../../functions/infer/function.ts'
import { InferenceResponse, ModelMetadata } from '../../functions/infer/oip-schema.ts'
import { Predictions } from '../../functions/infer/predictions.ts'
import { define } from '../../runtime/tabular/definition.ts'
import { json } from '../functions/infer/trained.ts'
import { tinyGraph } from '../functions/train/script/tiny.ts'

const Problem = z.looseObject({ code: z.string(), errors: z.array(z.looseObject({ pointer: z.string() })).optional() })

describe('infer by a graph that a script brought', () => {
  let bench: FunctionTest
  before(async () => {
    bench = await setup(infer)
    const columns = [
      { name: 'b', type: 'text' },
      { name: 'more', type: 'text' },
      { name: 'a', type: 'number' },
      { name: 'y', type: 'number' },
    ] as const
    const stored = await bench.objects.put(
      json({
        format: 1,
        model: 'tiny',
        run: 'run',
        graph: await bench.objects.put(tinyGraph(3)),
        definition: define(columns, { target: 'y' }),
        signature: { task: 'regression', target: 'y', inputs: [{ column: 'a' }, { column: 'b' }] },
      }),
    )
    const versions = [{ version: 1, traffic: 100, package: stored }]
    await bench.objects.write('models/tiny/current', json({ model: 'tiny', versions }))
  })
  after(() => bench.close())

  const predict = (rows: readonly unknown[]) => bench.send('POST', '/models/tiny/predict', { rows })
  const ask = (inputs: unknown, more: object = {}) => bench.send('POST', '/v2/models/tiny/infer', { inputs, ...more })
  const features = (more: object = {}) => [
    { name: 'features', datatype: 'FP64', shape: [2, 2], data: [1, 2, 3, 4], ...more },
  ]

  it('predicts rows by their columns as they are, in the order of the signature', async () => {
    const rows = [
      { a: 1, b: '2', y: 'not looked at' },
      { b: 4, a: '0.5', more: 'x' },
    ]

    const { predictions } = Predictions.parse(await (await predict(rows)).json())

    assert.deepEqual(predictions, [{ value: 9 }, { value: 13.5 }])
  })

  const ROWS: readonly (readonly [what: string, row: unknown, pointer: string])[] = [
    ['a number that does not parse', { a: 'x', b: 1 }, '/rows/1/a'],
    ['a text where the graph takes a number', { a: 1, b: 'x' }, '/rows/1/b'],
    ['no known column', { c: 1 }, '/rows/1/c'],
  ]
  for (const [what, row, pointer] of ROWS) {
    it(`refuses ${what}, with its place`, async () => {
      const answer = await predict([{ a: 1, b: 2 }, row])

      const { code, errors } = Problem.parse(await answer.json())
      assert.deepEqual([answer.status, code, errors?.[0]?.pointer], [422, 'unprocessable', pointer])
    })
  }

  it('keeps the graph’s own tensors in the open protocol', async () => {
    const { inputs, outputs } = ModelMetadata.parse(await (await bench.request('/v2/models/tiny')).json())
    assert.deepEqual(inputs, [{ name: 'features', datatype: 'FP64', shape: [-1, 2] }])
    assert.deepEqual(outputs, [{ name: 'value', datatype: 'FP64', shape: [-1, 1] }])

    const flat = InferenceResponse.parse(await (await ask(features())).json())
    const nested = features({
      data: [
        [1, 2],
        [3, 4],
      ],
    })
    const again = InferenceResponse.parse(await (await ask(nested, { outputs: [{ name: 'value' }] })).json())

    assert.deepEqual(flat.outputs, [{ name: 'value', datatype: 'FP64', shape: [2, 1], data: [9, 21] }])
    assert.deepEqual(again.outputs, flat.outputs)
  })

  const TENSORS: readonly (readonly [what: string, inputs: unknown, pointer: string, more?: object])[] = [
    ['an input that there is not', features({ name: 'a' }), '/inputs/0/name'],
    ['another datatype', features({ datatype: 'FP32' }), '/inputs/0/datatype'],
    ['another width', features({ shape: [2, 3] }), '/inputs/0/shape'],
    ['another rank', features({ shape: [4] }), '/inputs/0/shape'],
    ['no row', features({ shape: [0, 2], data: [] }), '/inputs/0/shape'],
    ['too few values', features({ data: [1, 2, 3] }), '/inputs/0/data'],
    ['a value of another kind', features({ data: [1, 2, '3', 4] }), '/inputs/0/data/2'],
    ['an output that there is not', features(), '/outputs/0/name', { outputs: [{ name: 'label' }] }],
  ]
  for (const [what, inputs, pointer, more] of TENSORS) {
    it(`refuses tensors with ${what}`, async () => {
      const answer = await ask(inputs, more)

      const { code, errors } = Problem.parse(await answer.json())
      assert.deepEqual([answer.status, code, errors?.[0]?.pointer], [400, 'invalid_input', pointer])
    })
  }
})
