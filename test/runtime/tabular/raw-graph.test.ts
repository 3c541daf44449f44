import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { PlatformError } from '../../../runtime/errors.ts'
import type { Tensor, TensorInfo, TensorType } from '../../../runtime/ports.ts'
import { define } from '../../../runtime/tabular/definition.ts'
import { rawDefinition, rowScores, rowTensors } from '../../../runtime/tabular/raw-graph.ts'
import { rowFeatures } from '../../../runtime/tabular/row.ts'

const info = (name: string, type: TensorType, ...shape: readonly number[]): TensorInfo => ({ name, type, shape })
const inputs = [{ column: 'fee' }, { column: 'flag' }, { column: 'plan', missing: 'nan' }]
const refused = (work: () => unknown) => {
  try {
    work()
  } catch (error) {
    assert.ok(error instanceof PlatformError && error.code === 'unprocessable', String(error))
    return error
  }
  return assert.fail('it was taken')
}

describe('raw columns', () => {
  it('are given to a graph as they are, in the order of its inputs', () => {
    const definition = define(
      [
        { name: 'at', type: 'time' },
        { name: 'fee', type: 'number' },
        { name: 'y', type: 'number' },
        { name: 'plan', type: 'text' },
      ],
      { target: 'y' },
    )

    const rows = rowFeatures(rawDefinition(definition, [{ column: 'plan' }, { column: 'fee' }, { column: 'at' }]))([
      { fee: '1.5', plan: 'gold', y: 'nonsense', at: '2024-01-31T08:30:00.25Z' },
      {},
    ])

    assert.deepEqual(rows, [
      ['gold', 1.5, '2024-01-31 08:30:00.250'],
      [null, null, null],
    ])
    assert.match(refused(() => rawDefinition(definition, [{ column: 'other' }])).message, /takes other, which its view/)
  })
})

describe('tensors of raw rows', () => {
  it('are one for each column, whatever the graph calls it', () => {
    const graph = [info('monthly_fee', 'float32', -1, 1), info('b', 'bool', -1), info('c', 'string', -1, 1)]

    const tensors = rowTensors(
      inputs,
      graph,
    )([
      [0.1, true, 'gold'],
      [null, false, null],
    ])

    assert.deepEqual(tensors, {
      monthly_fee: { type: 'float32', shape: [2, 1], data: Float32Array.of(0.1, Number.NaN) },
      b: { type: 'bool', shape: [2], data: Uint8Array.of(1, 0) },
      c: { type: 'string', shape: [2, 1], data: ['gold', 'nan'] },
    })
  })

  it('are one matrix where the graph takes one, an id as the number that it is', () => {
    const tensors = rowTensors(inputs, [info('x', 'float64', -1, 3)])([[1, true, '007']])

    assert.deepEqual(tensors, { x: { type: 'float64', shape: [1, 3], data: Float64Array.of(1, 1, 7) } })
  })

  it('say texts as Python does, and the empty text for a missing one unless told', () => {
    const tensors = rowTensors([{ column: 'a' }], [info('a', 'string', -1, 1)])([[true], [2.5], [null]])

    assert.deepEqual(tensors['a']?.data, ['True', '2.5', ''])
  })

  it('name the value that is no number of the tensor’s type', () => {
    const graph = [info('a', 'int64', -1, 1), info('b', 'float32', -1, 1), info('c', 'string', -1, 1)]

    const { errors } = refused(() =>
      rowTensors(
        inputs,
        graph,
      )([
        [1.5, true, ''],
        [null, 'x', ''],
        [3, 2, ''],
      ]),
    )

    assert.deepEqual(
      errors?.map(({ pointer }) => pointer),
      ['/rows/0/fee', '/rows/1/fee', '/rows/1/flag'],
    )
  })

  it('are refused for a graph that takes neither', () => {
    const wide = [info('a', 'float32', -1, 2), info('b', 'float32', -1, 1)]

    assert.match(refused(() => rowTensors(inputs, wide)).message, /takes a \[-1, 2\], b \[-1, 1\]: neither one matrix/)
    assert.match(refused(() => rowTensors(inputs, [info('image', 'float32', -1, 3, 8)])).message, /neither/)
  })
})

describe('scores of a graph', () => {
  const floats = (...values: readonly number[]): Tensor => ({
    type: 'float64',
    shape: [values.length],
    data: Float64Array.from(values),
  })
  const labels: Tensor = { type: 'string', shape: [2], data: ['a', 'b'] }

  it('are the output that has a number for each class, the label beside it left out', () => {
    const scores = rowScores({ label: labels, probabilities: floats(0.1, 0.9, 0.8, 0.2) }, { rows: 2, classes: 2 })

    assert.deepEqual(scores, Float64Array.of(0.1, 0.9, 0.8, 0.2))
  })

  it('are both sides of the one probability of two classes', () => {
    assert.deepEqual(rowScores({ p: floats(0.25, 1) }, { rows: 2, classes: 2 }), Float64Array.of(0.75, 0.25, 0, 1))
  })

  it('are the output rather than the raw scores before the link', () => {
    assert.deepEqual(
      rowScores({ raw: floats(-3, 3), output: floats(0.5, 1) }, { rows: 2, classes: undefined }),
      Float64Array.of(0.5, 1),
    )
  })

  it('are refused where no output is that', () => {
    const none = refused(() => rowScores({ label: labels }, { rows: 2, classes: 2 }))
    assert.match(none.message, /gives label string \[2\], and no 2 numbers a row/)
    refused(() => rowScores({ p: floats(1, 2, 3) }, { rows: 2, classes: 2 }))
  })
})
