import assert from 'node:assert/strict'
import { after, it } from 'node:test'
import type { OnnxRuntimeOptions } from '../../runtime/adapters/onnxruntime.ts'
import { onnxruntimeModels } from '../../runtime/adapters/onnxruntime.ts'
import type { Tensor } from '../../runtime/ports.ts'
import { identity } from './graphs.ts'
import { testModels } from './models.ts'

const opened: { close(): Promise<void> }[] = []
after(() => Promise.all(opened.map((models) => models.close())))

function open(options?: OnnxRuntimeOptions) {
  const models = onnxruntimeModels(options)
  opened.push(models)
  return models
}

testModels('ONNX Runtime', open)

it('ONNX Runtime refuses calls beyond its queue and answers those that it took', async () => {
  const model = await open({ queue: 4 }).load(identity('float64', ['N', 1]))
  const run = (rows: number) => model.run({ in: column(rows) })

  const found = await Promise.allSettled([run(9), run(2), run(2), run(1), run(1)])

  assert.deepEqual(
    found.map((one) =>
      one.status === 'fulfilled' ? one.value['out']?.shape[0] : [one.reason.code, one.reason.retryAfter],
    ),
    [9, 2, 2, ['too_many_requests', 1], ['too_many_requests', 1]],
  )
})

it('ONNX Runtime runs a model whose session made room for others, also amid its calls', async () => {
  const models = open({ sessions: 1 })
  const model = await models.load(identity('float64', ['N', 1]))

  const during = Promise.all([1, 2, 3].map((rows) => model.run({ in: column(rows) })))
  const other = await models.load(identity('float64', ['N', 2]))
  const after = await model.run({ in: column(4) })

  assert.deepEqual(
    (await during).map(({ out }) => out?.shape[0]),
    [1, 2, 3],
  )
  assert.equal(other.inputs[0]?.shape[1], 2)
  assert.equal(after['out']?.shape[0], 4)
})

function column(rows: number): Tensor {
  return { type: 'float64', shape: [rows, 1], data: new Float64Array(rows) }
}
