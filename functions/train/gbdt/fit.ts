import { PlatformError } from 'mezz/errors'
import { binColumn } from './bins.ts'
import type { Ensemble, Task, Tree } from './ensemble.ts'
import { grower } from './grow.ts'
import { objective } from './objective.ts'
import type { GbdtParameters } from './parameters.ts'
import { EPSILON } from './split.ts'

/** Numbers to learn from, NaN where a value is missing; all columns and the target have a value for each row. */
export interface TrainingTable {
  readonly columns: readonly { readonly name: string; readonly values: Float64Array }[]
  /** A number, or the class of each row: 0, 1, … */
  readonly target: Float64Array
}

export interface FitOptions {
  readonly task: Task
  /** How many classes `multiclass` has. */
  readonly classes?: number
  readonly parameters: GbdtParameters
  /** Told after each round, counted from 1. */
  onRound?(round: number, rounds: number, trainingLoss: number): void
}

/** Trains gradient boosted trees the way LightGBM does; nothing is random: the same table gives the same trees. `unprocessable` when it cannot be learnt from. */
export function fit(table: TrainingTable, { task, classes = 2, parameters, onRound }: FitOptions): Ensemble {
  const { target } = table
  const outputs = task === 'multiclass' ? classes : 1
  check(table, task, classes)

  const rows = target.length
  const binned = table.columns.map((column, feature) => ({ feature, ...binColumn(column, parameters.bins) }))
  const telling = binned.filter(({ bins }) => bins.some((bin) => bin !== bins[0]))
  const grow = grower(telling, rows, parameters)
  const { start, learns, gradients, loss } = objective(task, target, outputs)
  const scores = new Float64Array(rows * outputs)
  for (const [output, score] of start.entries()) scores.fill(score, output * rows, (output + 1) * rows)
  const gradient = new Float32Array(rows * outputs)
  const hessian = new Float32Array(rows * outputs)

  const trees: Tree[] = []
  for (let round = 0; round < parameters.rounds; round++) {
    gradients(scores, gradient, hessian)
    const grown = learns.map((learn, output) => {
      const bias = round === 0 ? (start[output] ?? 0) : 0
      if (!learn) return constant(bias, rows)
      const [from, to] = [output * rows, (output + 1) * rows]
      const { tree, order, begin } = grow(gradient.subarray(from, to), hessian.subarray(from, to))
      if (tree.feature.length === 0) return constant(bias, rows)
      const shrunk = scaled(tree, parameters.learningRate)
      for (const [leaf, value] of shrunk.leafValue.entries()) {
        const first = begin[leaf] ?? 0
        for (const row of order.subarray(first, first + (shrunk.leafCount[leaf] ?? 0))) {
          scores[from + row] = (scores[from + row] ?? 0) + value
        }
      }
      return Math.abs(bias) > EPSILON ? lifted(shrunk, bias) : shrunk
    })
    const ended = grown.every(({ feature }) => feature.length === 0)
    if (!ended || round === 0) trees.push(...grown)
    if (ended) break
    onRound?.(round + 1, parameters.rounds, loss(scores))
  }
  return {
    task,
    outputs,
    features: binned.map((column) => ({
      name: column.name,
      missing: column.missing,
      range: telling.includes(column) ? column.range : null,
    })),
    trees,
  }
}

function check({ columns, target }: TrainingTable, task: Task, classes: number): void {
  const refuse = (message: string) => new PlatformError('unprocessable', message)
  if (target.length === 0) throw refuse('there is no row to train on')
  if (columns.length === 0) throw refuse('there is no column to learn from')
  if (task === 'multiclass' && classes < 2) throw refuse(`multiclass needs two classes or more, not ${classes}`)
  const odd = columns.find(({ values }) => values.length !== target.length)
  if (odd) throw refuse(`column ${odd.name} has ${odd.values.length} rows, the target ${target.length}`)
  const row = target.findIndex((value) =>
    task === 'regression' ? !Number.isFinite(value) : !(Number.isInteger(value) && value >= 0 && value < classes),
  )
  if (row < 0) return
  const wanted = task === 'regression' ? 'a number' : `a class from 0 to ${classes - 1}`
  throw refuse(`the target of row ${row} is ${target[row]}, not ${wanted}`)
}

function constant(value: number, rows: number): Tree {
  const none = new Int32Array()
  return {
    feature: none,
    threshold: new Float64Array(),
    missingLeft: new Uint8Array(),
    left: none,
    right: none,
    gain: new Float64Array(),
    innerValue: new Float64Array(),
    innerWeight: new Float64Array(),
    innerCount: none,
    leafValue: Float64Array.of(value),
    leafWeight: new Float64Array(1),
    leafCount: Int32Array.of(rows),
    shrinkage: 1,
  }
}

function scaled(tree: Tree, rate: number): Tree {
  const times = (values: Float64Array) => values.map((value) => value * rate)
  return { ...tree, leafValue: times(tree.leafValue), innerValue: times(tree.innerValue), shrinkage: rate }
}

function lifted(tree: Tree, bias: number): Tree {
  const plus = (values: Float64Array) => values.map((value) => value + bias)
  return { ...tree, leafValue: plus(tree.leafValue), innerValue: plus(tree.innerValue), shrinkage: 1 }
}
