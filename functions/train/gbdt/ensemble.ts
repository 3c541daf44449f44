/** `outputs` is 1, or the number of classes for `multiclass`. */
export type Task = 'regression' | 'binary' | 'multiclass'

/** One tree as parallel arrays: inner nodes in the order they were split, a child `~leaf` is a leaf. */
export interface Tree {
  readonly feature: Int32Array
  /** A row goes left when its value is not above this. */
  readonly threshold: Float64Array
  /** 1 where missing values go left. */
  readonly missingLeft: Uint8Array
  readonly left: Int32Array
  readonly right: Int32Array
  readonly gain: Float64Array
  readonly innerValue: Float64Array
  readonly innerWeight: Float64Array
  readonly innerCount: Int32Array
  readonly leafValue: Float64Array
  /** Sum of the hessian. */
  readonly leafWeight: Float64Array
  readonly leafCount: Int32Array
  readonly shrinkage: number
}

/** What a feature looked like in training. */
export interface Feature {
  readonly name: string
  /** Whether NaN was seen; where it was not, NaN counts as 0, as in LightGBM. */
  readonly missing: boolean
  /** `null` where the column told nothing and no tree asks for it. */
  readonly range: readonly [minimum: number, maximum: number] | null
}

/** A trained model; the trees of a round stand together, one for each output. */
export interface Ensemble {
  readonly task: Task
  readonly outputs: number
  readonly features: readonly Feature[]
  readonly trees: readonly Tree[]
}

/** Scores before the link, row-major rows × outputs: the trees' values summed in double in their order, as LightGBM does. */
export function rawScores(ensemble: Ensemble, columns: readonly { readonly values: Float64Array }[]): Float64Array {
  const { outputs, trees, features } = ensemble
  const values = columns.map((column) => column.values)
  const missing = Uint8Array.from(features, (feature) => (feature.missing ? 1 : 0))
  const rows = values[0]?.length ?? 0
  const scores = new Float64Array(rows * outputs)
  for (const [index, tree] of trees.entries()) {
    for (let row = 0, at = index % outputs; row < rows; row++, at += outputs) {
      scores[at] = (scores[at] ?? 0) + (tree.leafValue[leafOf(tree, values, missing, row)] ?? 0)
    }
  }
  return scores
}

/** Values of raw scores: the scores themselves, P(class 1) of each row, or row-major rows × classes. */
export function link({ task, outputs }: Pick<Ensemble, 'task' | 'outputs'>, raw: Float64Array): Float64Array {
  if (task === 'regression') return raw.slice()
  if (task === 'binary') return raw.map((score) => 1 / (1 + Math.exp(-score)))
  const probabilities = raw.slice()
  for (let start = 0; start < raw.length; start += outputs) softmax(probabilities.subarray(start, start + outputs))
  return probabilities
}

/** Scores become probabilities in place. */
export function softmax(scores: Float64Array): void {
  let largest = Number.NEGATIVE_INFINITY
  for (const score of scores) if (score > largest) largest = score
  let sum = 0
  for (let at = 0; at < scores.length; at++) {
    const share = Math.exp((scores[at] ?? 0) - largest)
    scores[at] = share
    sum += share
  }
  for (let at = 0; at < scores.length; at++) scores[at] = (scores[at] ?? 0) / sum
}

function leafOf(tree: Tree, values: readonly Float64Array[], missing: Uint8Array, row: number): number {
  if (tree.feature.length === 0) return 0
  let node = 0
  while (node >= 0) {
    const feature = tree.feature[node] ?? 0
    const value = values[feature]?.[row] ?? Number.NaN
    const toLeft =
      Number.isNaN(value) && missing[feature] === 1
        ? tree.missingLeft[node] === 1
        : (Number.isNaN(value) ? 0 : value) <= (tree.threshold[node] ?? 0)
    node = (toLeft ? tree.left[node] : tree.right[node]) ?? -1
  }
  return ~node
}
