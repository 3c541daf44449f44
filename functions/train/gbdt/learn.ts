import type { Definition } from 'mezz/tabular/definition'
import type { Encoder } from 'mezz/tabular/encoder'
import { encoding, featureNames, fitEncoder } from 'mezz/tabular/encoder'
import type { RawRow } from 'mezz/tabular/row'
import { classificationMetrics, regressionMetrics } from '../metrics.ts'
import type { Ensemble, Task } from './ensemble.ts'
import { link, rawScores } from './ensemble.ts'
import { fit } from './fit.ts'
import type { Label } from './labels.ts'
import { labels } from './labels.ts'
import type { GbdtParameters } from './parameters.ts'
import type { SplitTable } from './read-table.ts'

export interface LearnOptions {
  readonly definition: Definition
  readonly task: 'classification' | 'regression'
  readonly target: string
  readonly parameters: GbdtParameters
  onRound(round: number, rounds: number, loss: number): void
}

export interface Learnt {
  readonly ensemble: Ensemble
  readonly encoder: Encoder
  readonly classes: readonly Label[] | undefined
  /** On the rows held out. */
  readonly metrics: Readonly<Record<string, number>>
  /** Encoded rows held out, and the trainer's raw scores of them. */
  readonly reference: {
    readonly features: readonly string[]
    readonly rows: (number | null)[][]
    readonly raw: number[][]
  }
}

const MOST_REFERENCES = 2000

/** Fits the encoder and the trees on the training rows, and measures them on the rows held out. */
export function learn({ training, holdout }: SplitTable, options: LearnOptions): Learnt {
  const { definition, task, target, parameters, onRound } = options
  const encoder = fitEncoder(definition, training.rows)
  const names = featureNames(encoder)
  const known = task === 'classification' ? labels([...training.labels, ...holdout.labels], target) : undefined
  const codes = known?.codes ?? Float64Array.from([...training.labels, ...holdout.labels], Number)
  const columns = matrix(encoder, training.rows, names)
  const ensemble = fit(
    { columns, target: codes.subarray(0, training.rows.length) },
    { task: taskOf(known?.classes), classes: known?.classes.length ?? 1, parameters, onRound },
  )
  const unseen = matrix(encoder, holdout.rows, names)
  const raw = rawScores(ensemble, unseen)
  const predicted = link(ensemble, raw)
  const truth = codes.subarray(training.rows.length)
  const measured = known
    ? classificationMetrics(truth, predicted, known.classes.length)
    : regressionMetrics(truth, predicted)
  return {
    ensemble,
    encoder,
    classes: known?.classes,
    metrics: { ...measured },
    reference: reference(unseen, raw, ensemble.outputs),
  }
}

function taskOf(classes: readonly Label[] | undefined): Task {
  if (!classes) return 'regression'
  return classes.length === 2 ? 'binary' : 'multiclass'
}

function matrix(encoder: Encoder, rows: readonly RawRow[], names: readonly string[]) {
  const encode = encoding(encoder)
  const columns = names.map((name) => ({ name, values: new Float64Array(rows.length) }))
  rows.forEach((row, at) => {
    const encoded = encode(row)
    columns.forEach(({ values }, column) => {
      values[at] = encoded[column] ?? Number.NaN
    })
  })
  return columns
}

function reference(columns: ReturnType<typeof matrix>, raw: Float64Array, outputs: number): Learnt['reference'] {
  const count = Math.min(MOST_REFERENCES, raw.length / outputs)
  const at = (values: Float64Array, row: number): number | null => {
    const value = values[row] ?? Number.NaN
    return Number.isNaN(value) ? null : value
  }
  return {
    features: columns.map(({ name }) => name),
    rows: Array.from({ length: count }, (_, row) => columns.map(({ values }) => at(values, row))),
    raw: Array.from({ length: count }, (_, row) => [...raw.subarray(row * outputs, (row + 1) * outputs)]),
  }
}
