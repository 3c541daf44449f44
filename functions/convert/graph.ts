import { columns } from './columns.ts'
import { ensemble, indexValues, scoreValues } from './ensemble.ts'
import { linkNodes } from './link.ts'
import type { TreeModel } from './model.ts'
import type { Graph, Node } from './onnx.ts'
import { node, onnx, scalar } from './onnx.ts'

/** The model as an ONNX file: `features` [N, F] in, `raw` and `output` [N, K] out, all float64; a binary model's `output` is p(positive), K = 1. */
export function scoreGraph(model: TreeModel): Uint8Array {
  const prepared = columns(model, 'features')
  return onnx({
    ...frame(model, 'scores'),
    outputs: [
      { name: 'raw', width: model.scores },
      { name: 'output', width: model.scores },
    ],
    nodes: [
      ...prepared.nodes,
      ensemble(model, prepared, scoreValues(model), 'raw'),
      ...meanNodes(model.divisor),
      ...linkNodes(model.link, model.divisor === 1 ? 'raw' : 'mean', 'output'),
    ],
  })
}

/** The same trees with each leaf's index in place of its score: `features` [N, F] in, `leaves` [N, trees] out, float64. */
export function leafGraph(model: TreeModel): Uint8Array {
  const prepared = columns(model, 'features')
  return onnx({
    ...frame(model, 'leaves'),
    outputs: [{ name: 'leaves', width: model.trees.length }],
    nodes: [...prepared.nodes, ensemble(model, prepared, indexValues(model), 'leaves')],
  })
}

function frame({ features, objective }: TreeModel, name: string): Pick<Graph, 'name' | 'inputs' | 'metadata'> {
  return {
    name,
    inputs: [{ name: 'features', width: features.length }],
    metadata: { objective, features: JSON.stringify(features) },
  }
}

function meanNodes(divisor: number): Node[] {
  return divisor === 1 ? [] : [scalar(divisor, 'divisor'), node('Div', ['raw', 'divisor'], 'mean')]
}
