import type { Task } from './ensemble.ts'
import { softmax } from './ensemble.ts'
import { EPSILON } from './split.ts'

/** What the trees learn to make small. Scores, gradients and hessians lie output after output: `output * rows + row`. */
export interface Objective {
  /** The score of every row before the first tree, for each output ("boost from average"). */
  readonly start: Float64Array
  /** Whether there is something to learn for an output. */
  readonly learns: readonly boolean[]
  gradients(scores: Float64Array, gradient: Float32Array, hessian: Float32Array): void
  /** Mean loss of a row: squared error, or log loss. */
  loss(scores: Float64Array): number
}

/** LightGBM's `regression`, `binary` or `multiclass`; the target is a number, or the class of each row from 0 on. */
export function objective(task: Task, target: Float64Array, outputs: number): Objective {
  if (task === 'regression') return squaredError(target)
  return task === 'binary' ? logistic(target) : softmaxLoss(target, outputs)
}

function squaredError(target: Float64Array): Objective {
  return {
    start: Float64Array.of(mean(target)),
    learns: [true],
    gradients(scores, gradient, hessian) {
      for (let row = 0; row < target.length; row++) gradient[row] = (scores[row] ?? 0) - (target[row] ?? 0)
      hessian.fill(1)
    },
    loss: (scores) => mean(target.map((value, row) => ((scores[row] ?? 0) - value) ** 2)),
  }
}

function logistic(target: Float64Array): Objective {
  const share = mean(target)
  const held = Math.max(EPSILON, Math.min(1 - EPSILON, share))
  return {
    start: Float64Array.of(Math.log(held / (1 - held))),
    learns: [share > 0 && share < 1],
    gradients(scores, gradient, hessian) {
      for (let row = 0; row < target.length; row++) {
        const sign = target[row] === 1 ? 1 : -1
        const response = -sign / (1 + Math.exp(sign * (scores[row] ?? 0)))
        gradient[row] = response
        hessian[row] = Math.abs(response) * (1 - Math.abs(response))
      }
    },
    loss: (scores) => mean(target.map((is, row) => softplus((is === 1 ? -1 : 1) * (scores[row] ?? 0)))),
  }
}

function softmaxLoss(target: Float64Array, classes: number): Objective {
  const rows = target.length
  const shares = new Float64Array(classes)
  for (const is of target) shares[is] = (shares[is] ?? 0) + 1 / rows
  const factor = classes / (classes - 1)
  const row = new Float64Array(classes)
  const probabilitiesOf = (scores: Float64Array, index: number) => {
    for (let output = 0; output < classes; output++) row[output] = scores[output * rows + index] ?? 0
    softmax(row)
  }
  return {
    start: shares.map((share) => Math.log(Math.max(EPSILON, share))),
    learns: Array.from(shares, (share) => share > EPSILON && share < 1 - EPSILON),
    gradients(scores, gradient, hessian) {
      for (let index = 0; index < rows; index++) {
        probabilitiesOf(scores, index)
        for (let output = 0; output < classes; output++) {
          const probability = row[output] ?? 0
          gradient[output * rows + index] = probability - (target[index] === output ? 1 : 0)
          hessian[output * rows + index] = factor * probability * (1 - probability)
        }
      }
    },
    loss: (scores) =>
      mean(
        target.map((is, index) => {
          probabilitiesOf(scores, index)
          return -Math.log(Math.max(Number.MIN_VALUE, row[is] ?? 0))
        }),
      ),
  }
}

/** log(1 + exp(x)), also where exp(x) is infinite. */
function softplus(x: number): number {
  return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)))
}

function mean(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}
