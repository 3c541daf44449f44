import { leafOf, outputs, rawScores } from '../../../functions/convert/evaluate.ts'
import { scoreGraph } from '../../../functions/convert/graph.ts'
import { parseModel } from '../../../functions/convert/parse.ts'
import { fit } from '../../../functions/train/gbdt/fit.ts'
import { parseParameters } from '../../../functions/train/gbdt/parameters.ts'
import { toLightgbmText } from '../../../functions/train/gbdt/text.ts'
import type { Objects } from '../../../runtime/ports.ts'
import type { TableColumn } from '../../../runtime/tabular/definition.ts'
import { define } from '../../../runtime/tabular/definition.ts'
import { encode, featureNames, fitEncoder } from '../../../runtime/tabular/encoder.ts'
import { rowFeatures } from '../../../runtime/tabular/row.ts'

export type TableRow = Readonly<Record<string, unknown>>

export interface Table {
  readonly columns: readonly TableColumn[]
  readonly rows: readonly TableRow[]
  readonly target: string
  /** None for a regression. */
  readonly classes?: readonly (string | number | boolean)[]
}

/** A model trained on a table by our own trainer, with LightGBM's rules on its trees beside the graph. */
export function train({ columns, rows, target, classes }: Table, rounds = 20) {
  const definition = define(columns, { target })
  const toFeatures = rowFeatures(definition)
  const raw = toFeatures(rows)
  const encoder = fitEncoder(definition, raw)
  const encoded = raw.map((row) => encode(encoder, row))
  const parameters = parseParameters({ rounds, minDataInLeaf: 5 })
  const labels: readonly unknown[] = classes ?? []
  const task = classes === undefined ? 'regression' : classes.length === 2 ? 'binary' : 'multiclass'
  const ensemble = fit(
    {
      columns: featureNames(encoder).map((name, at) => ({
        name,
        values: Float64Array.from(encoded, (row) => row[at] ?? Number.NaN),
      })),
      target: Float64Array.from(rows, (row) => (classes ? labels.indexOf(row[target]) : Number(row[target]))),
    },
    { task, classes: classes?.length ?? 1, parameters },
  )
  const artifact = toLightgbmText(ensemble, parameters)
  const model = parseModel(artifact)
  const signature = classes
    ? { task: 'classification' as const, target, classes: [...classes] }
    : { task: 'regression' as const, target }

  /** What the trees themselves say of a row. */
  function evaluate(row: TableRow) {
    const [features = []] = toFeatures([row]).map((one) => encode(encoder, one))
    const sums = rawScores(
      model,
      model.trees.map((tree) => leafOf(tree, features)),
    )
    const values = outputs(model, sums)
    return { raw: sums, values: task === 'binary' ? [1 - (values[0] ?? 0), values[0] ?? 0] : values }
  }
  return { definition, encoder, artifact, graph: scoreGraph(model), signature, evaluate }
}

export type TrainedTable = ReturnType<typeof train>

/** Stores a model's package as publish does. */
export async function pack(objects: Objects, model: string, { definition, encoder, graph, signature }: TrainedTable) {
  const stored = await objects.put(graph)
  const report = { opset: 'ai.onnx 21', rows: 0, leafMismatches: 0, maxAbsoluteDifference: 0 }
  return putJson(objects, {
    format: 1,
    model,
    run: `run-${model}`,
    graph: stored,
    encoder,
    definition,
    signature,
    report,
    metrics: {},
  })
}

/** Stores a model as its only version, with all traffic. */
export async function release(objects: Objects, model: string, trained: TrainedTable, version = 1): Promise<void> {
  const stored = await pack(objects, model, trained)
  await objects.write(`models/${model}/versions/${version}`, json({ version, package: stored }))
  await objects.write(
    `models/${model}/current`,
    json({ model, versions: [{ version, traffic: 100, package: stored }] }),
  )
}

export function json(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value))
}

function putJson(objects: Objects, value: unknown) {
  return objects.put(json(value))
}
