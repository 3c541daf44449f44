import assert from 'node:assert/strict'
import { after, it } from 'node:test'
import { leafOf } from '../../../functions/convert/evaluate.ts'
import { leafGraph, scoreGraph } from '../../../functions/convert/graph.ts'
import { onnxruntimeModels } from '../../../runtime/adapters/onnxruntime.ts'
import { seeded } from '../../seeded.ts'
import { EDGES, randomModel } from './random-model.ts'

const models = onnxruntimeModels()
after(() => models.close())

for (let seed = 1; seed <= 60; seed++) {
  it(`random model ${seed} reaches the same leaves in ONNX as by LightGBM's rules, on every edge`, async () => {
    const next = seeded(seed)
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

it('a tree of one leaf beside trees that read no plain value stays what it is', async () => {
  const zero = {
    kind: 'numerical',
    feature: 1,
    threshold: 0,
    missing: 'zero',
    defaultLeft: true,
    left: ~0,
    right: ~1,
  } as const
  const trees = [
    { splits: [], leaves: [0.5] },
    { splits: [zero], leaves: [1, 2] },
  ]
  const model = { ...randomModel(seeded(1), 1), trees }
  const graph = await models.load(scoreGraph(model))

  const { raw } = await graph.run({
    features: { type: 'float64', shape: [2, 3], data: Float64Array.of(0, 0, 0, 0, 1, 0) },
  })

  assert.deepEqual([...(raw?.data ?? [])], [1.5, 2.5])
})
