import type { Models } from 'mezz/ports'
import { scoreGraph } from './graph.ts'
import type { TreeModel } from './model.ts'
import { parseModel } from './parse.ts'
import type { Proof, Reference } from './prove.ts'
import { prove } from './prove.ts'

/** A LightGBM model file as ONNX, proved equal, also on the rows that `reference` has for it; `unprocessable` where it cannot be, with the reason. */
export async function convert(
  models: Models,
  text: string,
  reference: (model: TreeModel) => Reference,
): Promise<{ readonly graph: Uint8Array; readonly proof: Proof }> {
  const model = parseModel(text)
  const graph = scoreGraph(model)
  return { graph, proof: await prove(models, { model, graph }, reference(model)) }
}
