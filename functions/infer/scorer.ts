import type { Model, Tensor } from 'mezz/ports'
import type { Definition } from 'mezz/tabular/definition'
import type { Encoder } from 'mezz/tabular/encoder'
import { encoding, featureNames } from 'mezz/tabular/encoder'
import { rawDefinition, rowScores, rowTensors } from 'mezz/tabular/raw-graph'
import { rowFeatures } from 'mezz/tabular/row'
import type { Package } from './package.ts'

/** `{column: value}`. */
export type Row = Readonly<Record<string, unknown>>

/** What a graph says of rows, row-major, `width` scores a row; `values` are after the link, one probability for each class. */
export interface Scores {
  readonly rows: number
  readonly raw: Float64Array
  readonly values: Float64Array
  readonly width: number
}

/** A model, ready to answer. */
export interface Scorer {
  readonly signature: Package['signature']
  /** The columns that it reads, the target not among them. */
  readonly columns: Definition['columns']
  /** Raw scores a row. */
  readonly rawWidth: number
  /** The graph itself where it takes the columns as they are: it keeps its own tensors in the open protocol. */
  readonly graph?: Model
  /** `unprocessable` with pointers `/rows/<i>/<column>` where values do not parse. */
  score(rows: readonly Row[]): Promise<Scores>
}

/** Ties a package's parts to its graph. */
export function scorer(parts: Package, graph: Model): Scorer {
  return parts.encoder ? encodedScorer({ ...parts, encoder: parts.encoder }, graph) : rawScorer(parts, graph)
}

/** Rows → columns as they are → scores, as convert has proved it. */
function rawScorer({ definition, signature }: Package, graph: Model): Scorer {
  const { inputs = [], target } = signature
  const toRows = rowFeatures(rawDefinition({ ...definition, target }, inputs))
  const toTensors = rowTensors(inputs, graph.inputs)
  const classes = signature.task === 'classification' ? signature.classes.length : undefined
  return {
    signature,
    columns: inputs.flatMap(({ column }) => definition.columns.filter(({ name }) => name === column)),
    rawWidth: classes ?? 1,
    graph,
    async score(rows) {
      const values = rowScores(await graph.run(toTensors(toRows(rows))), { rows: rows.length, classes })
      return { rows: rows.length, raw: values, values, width: classes ?? 1 }
    },
  }
}

/** Rows → raw features → encoded features → scores. */
function encodedScorer(
  { definition, encoder, signature, model: name }: Package & { readonly encoder: Encoder },
  graph: Model,
): Scorer {
  const width = featureNames(encoder).length
  const aimed = { ...definition, target: signature.target }
  const toFeatures = rowFeatures(aimed)
  const encode = encoding(encoder)
  const rawWidth = graph.outputs.find((output) => output.name === 'raw')?.shape[1] ?? -1
  const wanted = graph.inputs.find((input) => input.name === 'features')?.shape[1]
  if (wanted !== width)
    throw new Error(`the package of ${name} is broken: its graph takes ${wanted} of ${width} features`)

  return {
    signature,
    columns: definition.columns.filter((column) => column.name !== signature.target),
    rawWidth,
    async score(rows) {
      const raw = toFeatures(rows)
      const [only] = raw
      const data = raw.length === 1 && only ? encode(only) : new Float64Array(raw.length * width)
      if (raw.length > 1) for (const [at, row] of raw.entries()) data.set(encode(row), at * width)
      const found = await graph.run({ features: { type: 'float64', shape: [raw.length, width], data } })
      const output = numbers(found['output'])
      const scores = numbers(found['raw'])
      const binary = signature.task === 'classification' && output.length === raw.length
      const values = binary ? bothClasses(output) : output
      const each = signature.task === 'classification' ? signature.classes.length : 1
      if (values.length !== raw.length * each)
        throw new Error(`the package of ${name} is broken: ${values.length} scores`)
      return { rows: raw.length, raw: scores, values, width: each }
    },
  }
}

function numbers(tensor: Tensor | undefined): Float64Array {
  if (tensor?.data instanceof Float64Array) return tensor.data
  throw new Error('the graph gives no float64 scores')
}

/** From p(class 1) to a probability for each of the two. */
function bothClasses(positive: Float64Array): Float64Array {
  const both = new Float64Array(positive.length * 2)
  for (let at = 0; at < positive.length; at++) {
    const probability = positive[at] ?? Number.NaN
    both[2 * at] = 1 - probability
    both[2 * at + 1] = probability
  }
  return both
}
