import { PlatformError } from 'mezz/errors'
import type { Models, Tensor, TensorInfo } from 'mezz/ports'
import type { Try } from './compare.ts'
import { compare } from './compare.ts'
import type { Coverage } from './coverage.ts'
import { coverage } from './coverage.ts'
import type { Row } from './evaluate.ts'
import { leafGraph } from './graph.ts'
import type { TreeModel } from './model.ts'
import { ML_OPSET, OPSET } from './onnx.ts'
import { probeRows } from './probe-rows.ts'

/** Rows that the model takes, and the trainer's own raw scores of them where it told. */
export interface Reference {
  readonly rows: readonly Row[]
  readonly raw?: readonly (readonly number[])[]
}

/** What was compared, and how equal it was. */
export interface Proof {
  /** `onnx`: a graph as it was brought, beside what its library itself predicted. */
  readonly format: 'lightgbm-text' | 'onnx'
  readonly opset: string
  readonly inputs: readonly TensorInfo[]
  readonly outputs: readonly TensorInfo[]
  /** The reference rows and the generated ones. */
  readonly rows: number
  /** Always 0: a model with one is refused. */
  readonly leafMismatches: number
  /** Of raw scores and outputs. */
  readonly maxAbsoluteDifference: number
  /** Telling values at splits (`splitProbes`): all of them, and those that a row brought to their split; some contradict the way there. */
  readonly probes: { readonly all: number; readonly reached: number }
}

const BATCH = 256
/** They keep a proof to seconds: rows times trees, and rows, that are generated at most. */
const MOST_WALKS = 6_000_000
const MOST_ROWS = 20_000

/** Compares a model's graph with LightGBM's own rules on the reference rows and at the thresholds, leaf by leaf and score by score; `unprocessable` where they differ. */
export async function prove(
  models: Models,
  { model, graph }: { readonly model: TreeModel; readonly graph: Uint8Array },
  reference: Reference,
): Promise<Proof> {
  const width = model.features.length
  demandRows(reference, width)
  const scoring = await models.load(graph)
  const placing = await models.load(leafGraph(model))
  const seen = coverage(model)
  let rows = 0
  let most = 0
  for (const tries of batches(triesOf(model, reference, seen))) {
    const features = matrix(tries, width)
    const placed = await placing.run({ features })
    const scored = await scoring.run({ features })
    const found = {
      leaves: numbers(placed, 'leaves'),
      raw: numbers(scored, 'raw'),
      output: numbers(scored, 'output'),
    }
    most = Math.max(most, compare(model, tries, found))
    rows += tries.length
  }
  return {
    format: 'lightgbm-text',
    opset: `ai.onnx ${OPSET}, ai.onnx.ml ${ML_OPSET}`,
    inputs: scoring.inputs,
    outputs: scoring.outputs,
    rows,
    leafMismatches: 0,
    maxAbsoluteDifference: most,
    probes: { all: seen.probes, reached: seen.reached },
  }
}

function* triesOf(model: TreeModel, { rows, raw }: Reference, seen: Coverage): Generator<Try> {
  for (const [at, row] of rows.entries()) yield { row, leaves: seen.walk(row), told: raw?.[at] }
  let left = Math.min(MOST_ROWS, MOST_WALKS / model.trees.length)
  for (const row of probeRows(model, seen)) {
    if (left-- < 1) return
    yield { row, leaves: seen.walk(row), told: undefined }
  }
}

function* batches<item>(items: Iterable<item>): Generator<item[]> {
  let batch: item[] = []
  for (const item of items) {
    if (batch.push(item) < BATCH) continue
    yield batch
    batch = []
  }
  if (batch.length > 0) yield batch
}

function matrix(tries: readonly Try[], width: number): Tensor {
  const data = new Float64Array(tries.length * width)
  for (const [at, { row }] of tries.entries()) data.set(row, at * width)
  return { type: 'float64', shape: [tries.length, width], data }
}

function numbers(found: Readonly<Record<string, Tensor>>, name: string): Float64Array {
  const data = found[name]?.data
  if (data instanceof Float64Array) return data
  throw new PlatformError('unprocessable', `the graph gives no float64 ${name}`)
}

function demandRows({ rows, raw }: Reference, width: number): void {
  const odd = rows.findIndex(({ length }) => length !== width)
  if (odd >= 0) {
    const reason = `${rows[odd]?.length} values where the model has ${width} features`
    throw new PlatformError('unprocessable', `row ${odd + 1} of the reference has ${reason}`, {
      errors: [{ pointer: `/rows/${odd}`, reason }],
    })
  }
  if (raw && raw.length !== rows.length) {
    throw new PlatformError('unprocessable', `${raw.length} raw scores for ${rows.length} reference rows`)
  }
}
