/** Quality of predicted classes on rows whose classes are known; what cannot be told of these rows (AUC of one class) is left out. */
export interface ClassificationMetrics {
  readonly accuracy: number
  readonly logLoss: number
  readonly f1: number
  readonly auc?: number
}

/** `r2` is left out where the truth is the same everywhere. */
export interface RegressionMetrics {
  readonly rmse: number
  readonly mae: number
  readonly r2?: number
}

/** `truth` holds classes from 0 on; `probabilities` are row-major rows × classes, or P(class 1) of each row where `classes` is 2. At least one row. */
export function classificationMetrics(
  truth: ArrayLike<number>,
  probabilities: Float64Array,
  classes: number,
): ClassificationMetrics {
  const whole = probabilities.length === truth.length && classes === 2 ? bothSides(probabilities) : probabilities
  const ranked = auc(truth, whole, classes)
  return {
    accuracy: accuracy(truth, likeliest(whole, classes)),
    logLoss: logLoss(truth, whole, classes),
    f1: f1(truth, likeliest(whole, classes), classes),
    ...(ranked === null ? {} : { auc: ranked }),
  }
}

/** At least one row. */
export function regressionMetrics(truth: ArrayLike<number>, predicted: ArrayLike<number>): RegressionMetrics {
  const explained = r2(truth, predicted)
  return {
    rmse: rmse(truth, predicted),
    mae: mae(truth, predicted),
    ...(explained === null ? {} : { r2: explained }),
  }
}

/** The class of the highest probability of each row; of equal ones the first. */
export function likeliest(probabilities: Float64Array, classes: number): Int32Array {
  return Int32Array.from({ length: probabilities.length / classes }, (_, row) => {
    const its = probabilities.subarray(row * classes, (row + 1) * classes)
    return its.indexOf(its.reduce((most, value) => Math.max(most, value)))
  })
}

/** Share of rows whose class was met. */
export function accuracy(truth: ArrayLike<number>, predicted: ArrayLike<number>): number {
  return mean(truth, (is, row) => (is === predicted[row] ? 1 : 0))
}

/** Mean of −ln P(true class); probabilities are kept off 0 by the smallest step of a double, as scikit-learn does. */
export function logLoss(truth: ArrayLike<number>, probabilities: Float64Array, classes: number): number {
  const { EPSILON } = Number
  const held = (value: number) => Math.min(1 - EPSILON, Math.max(EPSILON, value))
  return mean(truth, (is, row) => -Math.log(held(probabilities[row * classes + is] ?? 0)))
}

/** Two classes: of class 1. More: the mean over the classes that occur, be it as truth or as prediction. A class that is never met has 0. */
export function f1(truth: ArrayLike<number>, predicted: ArrayLike<number>, classes: number): number {
  const met = new Float64Array(classes)
  const named = new Float64Array(classes)
  for (let row = 0; row < truth.length; row++) {
    for (const is of [truth[row] ?? 0, predicted[row] ?? 0]) named[is] = (named[is] ?? 0) + 1
    if (truth[row] === predicted[row]) met[truth[row] ?? 0] = (met[truth[row] ?? 0] ?? 0) + 1
  }
  const of = (is: number) => ((named[is] ?? 0) === 0 ? 0 : (2 * (met[is] ?? 0)) / (named[is] ?? 0))
  if (classes === 2) return of(1)
  return mean(
    [...named.keys()].filter((is) => named[is] !== 0),
    of,
  )
}

/** Area under the ROC curve: of class 1, or the mean of one class against the rest over the classes that occur; `null` where only one occurs. */
export function auc(truth: ArrayLike<number>, probabilities: Float64Array, classes: number): number | null {
  const scored = (is: number) =>
    Float64Array.from({ length: truth.length }, (_, row) => probabilities[row * classes + is] ?? 0)
  const areas = (classes === 2 ? [1] : Array.from({ length: classes }, (_, is) => is)).flatMap((is) => {
    const area = areaOf(
      Array.from(truth, (its) => its === is),
      scored(is),
    )
    return area === null ? [] : [area]
  })
  return areas.length === 0 ? null : mean(areas, (area) => area)
}

/** Root of the mean squared error. */
export function rmse(truth: ArrayLike<number>, predicted: ArrayLike<number>): number {
  return Math.sqrt(mean(truth, (is, row) => (is - (predicted[row] ?? 0)) ** 2))
}

/** Mean absolute error. */
export function mae(truth: ArrayLike<number>, predicted: ArrayLike<number>): number {
  return mean(truth, (is, row) => Math.abs(is - (predicted[row] ?? 0)))
}

/** Share of the truth's variance that is explained; `null` where it does not vary. */
export function r2(truth: ArrayLike<number>, predicted: ArrayLike<number>): number | null {
  const average = mean(truth, (is) => is)
  const variance = mean(truth, (is) => (is - average) ** 2)
  return variance === 0 ? null : 1 - mean(truth, (is, row) => (is - (predicted[row] ?? 0)) ** 2) / variance
}

/** By the rank sum (Mann–Whitney); equal scores share their middle rank. */
function areaOf(positive: readonly boolean[], scores: Float64Array): number | null {
  const order = Array.from(scores.keys()).sort((a, b) => (scores[a] ?? 0) - (scores[b] ?? 0))
  const positives = positive.filter(Boolean).length
  const pairs = positives * (positive.length - positives)
  if (pairs === 0) return null
  let rankSum = 0
  for (let from = 0, to = 0; from < order.length; from = to) {
    while (to < order.length && scores[order[to] ?? 0] === scores[order[from] ?? 0]) to++
    const rank = (from + 1 + to) / 2
    rankSum += rank * order.slice(from, to).filter((row) => positive[row]).length
  }
  return (rankSum - (positives * (positives + 1)) / 2) / pairs
}

function bothSides(positive: Float64Array): Float64Array {
  return Float64Array.from({ length: 2 * positive.length }, (_, at) => {
    const probability = positive[at >> 1] ?? 0
    return at % 2 === 1 ? probability : 1 - probability
  })
}

function mean(values: ArrayLike<number>, of: (value: number, index: number) => number): number {
  let sum = 0
  for (let index = 0; index < values.length; index++) sum += of(values[index] ?? 0, index)
  return sum / values.length
}
