import type { BinnedColumn } from './bins.ts'
import type { GbdtParameters } from './parameters.ts'

/** Sums over the rows of one leaf. */
export interface Sums {
  readonly gradient: number
  readonly hessian: number
  readonly count: number
}

/** A way to split a leaf in two: rows whose bin is not above `bin` go left. */
export interface Split {
  /** Position among the columns. */
  readonly column: number
  readonly bin: number
  readonly missingLeft: boolean
  readonly gain: number
  /** Sums over the rows that go left; the hessian holds one kEpsilon more. */
  readonly leftGradient: number
  readonly leftHessian: number
}

/** LightGBM's kEpsilon, a float. */
export const EPSILON = Math.fround(1e-15)

/** The best value of a leaf. */
export function leafValue(gradient: number, hessian: number, lambda: number): number {
  return -gradient / (hessian + lambda)
}

/**
 * The best split of a leaf by one column if it beats `gainToBeat`, else `null`; `undefined` when no split of it gains at all.
 * `histogram` holds gradient and hessian of each bin from `start` on. Missing values are tried on both sides.
 */
export function bestSplit(
  {
    histogram,
    start,
    leaf,
    column,
    position,
    gainToBeat,
  }: {
    readonly histogram: Float64Array
    readonly start: number
    readonly leaf: Sums
    readonly column: BinnedColumn
    readonly position: number
    readonly gainToBeat: number
  },
  { minDataInLeaf, minSumHessian, lambda }: GbdtParameters,
): Split | null | undefined {
  const { size, missing } = column
  const hessian = leaf.hessian + 2 * EPSILON
  const unsplit = (leaf.gradient * leaf.gradient) / (hessian + lambda)
  // As LightGBM does: histograms hold no counts; a bin's share of the hessian stands for its share of the rows.
  const rowsPerHessian = leaf.count / hessian
  let found: Split | undefined

  // Down from the right missing values stay left; up from the left they stay right, and all numbers may go left.
  for (let pass = missing ? 2 : 1; pass > 0; pass--) {
    const down = pass === (missing ? 2 : 1)
    const step = down ? -1 : 1
    const end = down ? 0 : size - 1
    let best = unsplit
    let bestBin = -1
    let bestGradient = 0
    let bestHessian = 0
    let nearGradient = 0
    let nearHessian = EPSILON
    let nearCount = 0
    for (let bin = down ? size - (missing ? 2 : 1) : 0; bin !== end; bin += step) {
      const at = 2 * (start + bin)
      const binHessian = histogram[at + 1] ?? 0
      nearGradient += histogram[at] ?? 0
      nearHessian += binHessian
      nearCount += Math.trunc(binHessian * rowsPerHessian + 0.5)
      if (nearCount < minDataInLeaf || nearHessian < minSumHessian) continue
      if (leaf.count - nearCount < minDataInLeaf || hessian - nearHessian < minSumHessian) break
      const farGradient = leaf.gradient - nearGradient
      const farHessian = hessian - nearHessian
      const gain =
        (nearGradient * nearGradient) / (nearHessian + lambda) + (farGradient * farGradient) / (farHessian + lambda)
      if (!(gain > best)) continue
      best = gain
      bestBin = down ? bin - 1 : bin
      bestGradient = down ? farGradient : nearGradient
      bestHessian = down ? farHessian : nearHessian
    }
    if (bestBin < 0 || (found && best - unsplit <= found.gain)) continue
    found = {
      column: position,
      bin: bestBin,
      missingLeft: down,
      gain: best - unsplit,
      leftGradient: bestGradient,
      leftHessian: bestHessian,
    }
  }
  return found && found.gain <= gainToBeat ? null : found
}

/** Sorts a leaf's rows in `order` into those that go left and those that go right, each in their order; answers with how many go left. */
export function divideRows(
  order: Int32Array,
  spare: Int32Array,
  {
    leaf: { begin, count },
    split,
    column: { bins, missing, size },
  }: {
    readonly leaf: { readonly begin: number; readonly count: number }
    readonly split: Split
    readonly column: BinnedColumn
  },
): number {
  const absent = missing ? size - 1 : -1
  const end = begin + count
  let low = begin
  let high = 0
  for (let at = begin; at < end; at++) {
    const row = order[at] ?? 0
    const bin = bins[row] ?? 0
    if (bin === absent ? split.missingLeft : bin <= split.bin) order[low++] = row
    else spare[high++] = row
  }
  order.set(spare.subarray(0, high), low)
  return low - begin
}
