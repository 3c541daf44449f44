import assert from 'node:assert/strict'
import { after, it } from 'node:test'
import { scoreGraph } from '../../../functions/convert/graph.ts'
import type { TreeModel } from '../../../functions/convert/model.ts'
import { nextUp } from '../../../functions/convert/probes.ts'
import { prove } from '../../../functions/convert/prove.ts'
import { onnxruntimeModels } from '../../../runtime/adapters/onnxruntime.ts'
import { seeded } from '../../seeded.ts'
import { CASES, readCase } from './cases.ts'
import { randomModel } from './random-model.ts'

const models = onnxruntimeModels()
after(() => models.close())

for (const name of CASES) {
  it(`proves LightGBM's ${name} equal on the trainer's rows and at the thresholds`, async () => {
    const { model, rows, expected } = readCase(name)

    const proof = await prove(models, { model, graph: scoreGraph(model) }, { rows, raw: expected.raw })

    assert.equal(proof.leafMismatches, 0)
    assert.ok(proof.maxAbsoluteDifference <= 1e-12)
    assert.ok(proof.rows > rows.length)
    assert.ok(proof.probes.reached >= 0.85 * proof.probes.all, `${proof.probes.reached} of ${proof.probes.all}`)
    assert.deepEqual(proof.inputs, [{ name: 'features', type: 'float64', shape: [-1, model.features.length] }])
    assert.deepEqual(
      proof.outputs.map(({ name, shape }) => [name, shape]),
      [
        ['raw', [-1, model.scores]],
        ['output', [-1, model.scores]],
      ],
    )
  })

  it(`refuses ${name} with the last split's threshold off by the smallest step`, async () => {
    const { model } = readCase(name)

    await assert.rejects(prove(models, { model, graph: scoreGraph(nudged(model)) }, { rows: [] }), {
      code: 'unprocessable',
      message: /not equal to the trained one/,
    })
  })
}

it("refuses a model that disagrees with the trainer's own scores", async () => {
  const { model, rows, expected } = readCase('iris')
  const raw = expected.raw.map((row, at) => (at === 7 ? row.map((score) => score + 1e-9) : row))

  await assert.rejects(prove(models, { model, graph: scoreGraph(model) }, { rows, raw }), {
    code: 'unprocessable',
    message: /the trainer's own/,
  })
})

it('refuses reference rows of another width, and says which', async () => {
  const { model, rows } = readCase('iris')

  await assert.rejects(prove(models, { model, graph: scoreGraph(model) }, { rows: [...rows, [1, 2, 3]] }), {
    code: 'unprocessable',
    message: /row 31 .* 3 values where the model has 4/,
  })
})

it('finds the links equal too', async () => {
  const links = [
    { kind: 'softmax' },
    { kind: 'exp' },
    { kind: 'log1p exp' },
    { kind: 'signed square' },
    { kind: 'sigmoid', slope: 0.7 },
  ] as const
  for (const link of links) {
    const model = { ...randomModel(seeded(1), 3), link, divisor: 4 }

    const proof = await prove(models, { model, graph: scoreGraph(model) }, { rows: [] })

    assert.ok(proof.maxAbsoluteDifference <= 1e-12, link.kind)
  }
})

/** The model with one threshold, of the last split that has one, raised to the next double; leaves stay. */
function nudged(model: TreeModel): TreeModel {
  const trees = [...model.trees]
  const at = trees.findLastIndex(({ splits }) => splits.some(({ kind }) => kind === 'numerical'))
  const tree = trees[at]
  assert.ok(tree)
  const last = tree.splits.findLastIndex(({ kind }) => kind === 'numerical')
  const splits = tree.splits.map((split, index) =>
    split.kind === 'numerical' && index === last ? { ...split, threshold: nextUp(split.threshold) } : split,
  )
  trees[at] = { ...tree, splits }
  return { ...model, trees }
}
