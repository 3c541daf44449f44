import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { leafOf, outputs, rawScores } from '../../../functions/convert/evaluate.ts'
import { leafGraph, scoreGraph } from '../../../functions/convert/graph.ts'
import { onnxruntimeModels } from '../../../runtime/adapters/onnxruntime.ts'
import type { Tensor } from '../../../runtime/ports.ts'
import { CASES, difference, readCase } from './cases.ts'

const models = onnxruntimeModels()
after(() => models.close())

for (const name of CASES) {
  describe(`LightGBM's ${name}`, () => {
    const { model, rows, expected } = readCase(name)
    const features: Tensor = {
      type: 'float64',
      shape: [rows.length, model.features.length],
      data: Float64Array.from(rows.flat()),
    }

    it('is read and evaluated as the trainer does, leaf by leaf and score by score', () => {
      const leaves = rows.map((row) => model.trees.map((tree) => leafOf(tree, row)))
      const raw = leaves.map((row) => rawScores(model, row))

      assert.deepEqual(leaves, expected.leaves)
      assert.ok(difference(raw, expected.raw) <= 1e-12)
      assert.ok(
        difference(
          raw.map((row) => outputs(model, row)),
          expected.output,
        ) <= 1e-12,
      )
    })

    it('reaches the same leaves as ONNX', async () => {
      const graph = await models.load(leafGraph(model))

      const { leaves } = await graph.run({ features })

      assert.deepEqual(table(leaves, rows.length), expected.leaves)
    })

    it('scores the same as ONNX, to 1e-12', async () => {
      const graph = await models.load(scoreGraph(model))

      const { raw, output } = await graph.run({ features })

      assert.ok(difference(table(raw, rows.length), expected.raw) <= 1e-12)
      assert.ok(difference(table(output, rows.length), expected.output) <= 1e-12)
    })
  })
}

function table(tensor: Tensor | undefined, rows: number): number[][] {
  assert.ok(tensor?.data instanceof Float64Array)
  const { data } = tensor
  const width = data.length / rows
  return Array.from({ length: rows }, (_, row) => [...data.subarray(row * width, (row + 1) * width)])
}
