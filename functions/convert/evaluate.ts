import type { NumericalSplit, Split, Tree, TreeModel } from './model.ts'
import { ZERO } from './model.ts'

/** A row of feature values, in the model's order; NaN where missing. */
export type Row = ArrayLike<number>

/** The index of the leaf a row ends in, by LightGBM's own rules (its `tree.h`, `NumericalDecision` and `CategoricalDecision`). */
export function leafOf(tree: Tree, row: Row): number {
  let at = tree.splits.length > 0 ? 0 : -1
  while (at >= 0) {
    const split = splitAt(tree, at)
    at = goesLeft(split, row[split.feature] ?? Number.NaN) ? split.left : split.right
  }
  return ~at
}

/** Whether this value takes the left branch. */
export function goesLeft(split: Split, value: number): boolean {
  if (split.kind === 'numerical') return goesLeftNumerically(split, value)
  return split.categories.includes(Math.trunc(value))
}

/** One score a target, as the trainer's `raw_score=True` gives them. */
export function rawScores(model: TreeModel, leaves: ArrayLike<number>): number[] {
  const sums = new Array<number>(model.scores).fill(0)
  for (const [index, tree] of model.trees.entries()) {
    const score = index % model.scores
    sums[score] = (sums[score] ?? 0) + (tree.leaves[leaves[index] ?? 0] ?? 0)
  }
  return sums
}

/** The raw scores, averaged where the model says so, through the objective's link, as the trainer's `predict` gives them. */
export function outputs({ link, divisor }: TreeModel, sums: readonly number[]): number[] {
  const raw = sums.map((sum) => sum / divisor)
  switch (link.kind) {
    case 'identity':
      return raw
    case 'signed square':
      return raw.map((score) => score * Math.abs(score))
    case 'sigmoid':
      return raw.map((score) => 1 / (1 + Math.exp(-link.slope * score)))
    case 'exp':
      return raw.map(Math.exp)
    case 'log1p exp':
      return raw.map((score) => Math.log1p(Math.exp(score)))
    case 'softmax': {
      const most = Math.max(...raw)
      const powers = raw.map((score) => Math.exp(score - most))
      const sum = powers.reduce((a, b) => a + b, 0)
      return powers.map((power) => power / sum)
    }
  }
}

/** The split of this index; the parser has proved that it is there. */
export function splitAt(tree: Tree, index: number): Split {
  const split = tree.splits[index]
  if (!split) throw new RangeError(`split ${index} of ${tree.splits.length}`)
  return split
}

function goesLeftNumerically({ missing, defaultLeft, threshold }: NumericalSplit, value: number): boolean {
  const known = Number.isNaN(value) && missing !== 'nan' ? 0 : value
  if (missing === 'zero' && Math.abs(known) <= ZERO) return defaultLeft
  if (Number.isNaN(known)) return defaultLeft
  return known <= threshold
}
