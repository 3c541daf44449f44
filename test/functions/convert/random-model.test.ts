import assert from 'node:assert/strict'
import { after, it } from 'node:test'
import { leafOf } from '../../../functions/convert/evaluate.ts'
import { leafGraph } from '../../../functions/convert/graph.ts'
import { onnxruntimeModels } from '../../../runtime/adapters/onnxruntime.ts'
import { EDGES, random, randomModel } from './random-model.ts'

const models = onnxruntimeModels()
after(() => models.close())

for (let seed = 1; seed <= 60; seed++) {
  it(`random model ${seed} reaches the same leaves in ONNX as by LightGBM's rules, on every edge`, async () => {
    const next = random(seed)
    const model = randomModel(next, 1 + (seed % 2))
    const pick = () => EDGES[Math.floor(next() * EDGES.length)] ?? 0
    const rows = [
      ...EDGES.map((edge) => [edge, edge, edge]),
      ...Array.from({ length: 200 }, () => [pick(), pick(), pick()]),
    ]
    const graph = await models.load(leafGraph(model))

    const { leaves } = await graph.run({
      features: { type: 'float64', shape: [rows.length, 3], data: Float64Array.from(rows.flat()) },
    })

    assert.deepEqual(
      [...(leaves?.data ?? [])],
      rows.flatMap((row) => model.trees.map((tree) => leafOf(tree, row))),
    )
  })
}
