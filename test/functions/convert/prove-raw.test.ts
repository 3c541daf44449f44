import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { proveRaw, RawReference } from '../../../functions/convert/prove-raw.ts'
import { onnxruntimeModels } from '../../../runtime/adapters/onnxruntime.ts'
import { PlatformError } from '../../../runtime/errors.ts'
import { tinyGraph } from '../train/script/tiny.ts'

const SIGNATURE = { task: 'regression', target: 'y', inputs: [{ column: 'a' }, { column: 'b' }] } as const
const signature = { ...SIGNATURE, inputs: [...SIGNATURE.inputs] }

describe('the proof of a graph that a script brought', () => {
  const models = onnxruntimeModels()
  after(() => models.close())
  const prove = async (reference: unknown, more: object = {}) =>
    proveRaw(await models.load(tinyGraph(3)), { ...signature, ...more }, RawReference.parse(reference))
  const rows = Array.from({ length: 300 }, (_, at) => [at / 7, at % 5])
  const values = rows.map(([a = 0, b = 0]) => 3 * a + 3 * b)

  it('runs every reference row and tells how equal they are', async () => {
    const proof = await prove({ rows, values })

    assert.deepEqual([proof.format, proof.rows, proof.leafMismatches], ['onnx', 300, 0])
    assert.ok(proof.maxAbsoluteDifference < 1e-12)
    assert.deepEqual(
      proof.inputs.map(({ name, type }) => [name, type]),
      [['features', 'float64']],
    )
  })

  it('allows what single precision leaves, where the library computes in it', async () => {
    const off = values.map((value) => value + 1e-4)

    assert.ok((await prove({ rows, values: off, precision: 'single' })).maxAbsoluteDifference > 9e-5)
    await assert.rejects(prove({ rows, values: off }), /not equal to the model/)
  })

  const FAULTS: readonly (readonly [what: string, reference: unknown, reason: RegExp, more?: object])[] = [
    [
      'another value',
      { rows, values: values.with(280, 0) },
      /of reference row 281 the graph says 120, the library itself 0/,
    ],
    ['no value', { rows }, /has 0 predictions for 300 rows of 1/],
    ['too few values', { rows, values: [1] }, /has 1 predictions for 300 rows/],
    ['a text that is no number', { rows: [['x', 1]], values: [1] }, /not what the model takes/],
    [
      'a signature of other columns',
      { rows, values },
      /neither one matrix of the 1 columns/,
      { inputs: [{ column: 'a' }] },
    ],
    [
      'probabilities of more classes than it gives',
      { rows: [[1, 2]], probabilities: [[0, 0, 1]] },
      /gives value float64 \[1, 1\], and no 3 numbers a row/,
      { task: 'classification', classes: [1, 2, 3] },
    ],
  ]
  for (const [what, reference, reason, more] of FAULTS) {
    it(`refuses ${what}`, async () => {
      await assert.rejects(prove(reference, more), (error) => {
        assert.ok(error instanceof PlatformError && error.code === 'unprocessable', String(error))
        assert.match(error.message, reason)
        return true
      })
    })
  }
})
