/** A column of the table, cut into bins: what a tree is grown on. */
export interface BinnedColumn {
  readonly name: string
  /** The bin of each row; with `missing` the last bin is that of NaN. */
  readonly bins: Uint8Array
  readonly size: number
  /** Largest value of each bin of numbers, ascending; the last is infinite. A split's threshold is one of these. */
  readonly upper: Float64Array
  readonly missing: boolean
  /** `null` where there is no number at all. */
  readonly range: readonly [minimum: number, maximum: number] | null
}

/** LightGBM's kZeroThreshold, a float: what is nearer to zero is zero, and has a bin of its own. */
const ZERO = Math.fround(1e-35)
const MIN_DATA_IN_BIN = 3
/** Infinities count as this, as in LightGBM, so that the middle of two values is always a number. */
const LARGEST = 1e300

/** Cuts one column into at most `most` bins of about equal rows, as LightGBM's BinMapper::FindBin does. */
export function binColumn({ name, values }: { name: string; values: Float64Array }, most: number): BinnedColumn {
  const numbers = values.filter((value) => !Number.isNaN(value)).map(tame)
  numbers.sort()
  const missing = numbers.length < values.length
  const upper = bounds(distinct(numbers), missing ? most - 1 : most)
  const bins = new Uint8Array(values.length)
  for (let row = 0; row < values.length; row++) {
    const value = values[row] ?? Number.NaN
    bins[row] = Number.isNaN(value) ? upper.length : binOf(value, upper)
  }
  const [minimum, maximum] = [numbers.at(0), numbers.at(-1)]
  return {
    name,
    bins,
    size: upper.length + (missing ? 1 : 0),
    upper,
    missing,
    range: minimum === undefined || maximum === undefined ? null : [minimum, maximum],
  }
}

/** The next larger double. */
export function nextUp(value: number): number {
  if (value === Number.POSITIVE_INFINITY || Number.isNaN(value)) return value
  if (value === 0) return Number.MIN_VALUE
  const double = Float64Array.of(value)
  const bits = new BigInt64Array(double.buffer)
  bits[0] = (bits[0] ?? 0n) + (value > 0 ? 1n : -1n)
  return double[0] ?? value
}

/** Distinct values, ascending, and how many rows have each. */
interface Distinct {
  readonly values: Float64Array
  readonly counts: Int32Array
}

function tame(value: number): number {
  if (Math.abs(value) <= ZERO) return 0
  return Math.max(-LARGEST, Math.min(LARGEST, value))
}

/** Neighbouring doubles count as one value, the larger. */
function distinct(sorted: Float64Array): Distinct {
  const values = new Float64Array(sorted.length)
  const counts = new Int32Array(sorted.length)
  let found = 0
  let last = Number.NaN
  for (const value of sorted) {
    // The first test is cheap and never wrong: a step to the next double is at most 2^-52 of the value.
    const same = value - last <= Math.abs(last) * 2 ** -51 && value <= nextUp(last)
    if (!same) found++
    values[found - 1] = value
    counts[found - 1] = (counts[found - 1] ?? 0) + 1
    last = value
  }
  return { values: values.subarray(0, found), counts: counts.subarray(0, found) }
}

/** Negative numbers, zero and positive numbers never share a bin (FindBinWithZeroAsOneBin). */
function bounds({ values, counts }: Distinct, most: number): Float64Array {
  const part = (from: number, to?: number) => ({ values: values.subarray(from, to), counts: counts.subarray(from, to) })
  const zero = values.findIndex((value) => value >= 0)
  const below = part(0, zero < 0 ? values.length : zero)
  const above = part(below.values.length + (values[zero] === 0 ? 1 : 0))
  const [left, right] = [sum(below.counts), sum(above.counts)]
  const share = Math.max(1, Math.trunc((left / (left + right)) * (most - 1)))
  const negative = left > 0 ? greedy(below, left, share) : []
  if (negative.length > 0) negative[negative.length - 1] = -ZERO
  const rest = most - 1 - negative.length
  const positive = right > 0 && rest > 0 ? [ZERO, ...greedy(above, right, rest)] : [Number.POSITIVE_INFINITY]
  return Float64Array.from([...negative, ...positive])
}

/** Upper bounds of at most `most` bins; a value as frequent as a whole bin gets one of its own (GreedyFindBin). */
function greedy({ values, counts }: Distinct, rows: number, most: number): number[] {
  const few = values.length <= most
  const limit = few ? most : Math.max(1, Math.min(most, Math.trunc(rows / MIN_DATA_IN_BIN)))
  const isBig = (count: number) => !few && count >= rows / limit
  const big = counts.filter(isBig)
  let restBins = limit - big.length
  let restRows = rows - sum(big)
  let mean = few ? MIN_DATA_IN_BIN : restRows / restBins

  const upper: number[] = []
  let inBin = 0
  for (let index = 0; index + 1 < values.length && upper.length < limit - 1; index++) {
    const count = counts[index] ?? 0
    const alone = isBig(count)
    if (!alone) restRows -= count
    inBin += count
    const beforeBig = isBig(counts[index + 1] ?? 0) && inBin >= Math.max(1, mean * 0.5)
    if (!alone && inBin < mean && !beforeBig) continue
    upper.push(nextUp(((values[index] ?? 0) + (values[index + 1] ?? 0)) / 2))
    inBin = 0
    if (few || alone) continue
    restBins--
    mean = restRows / restBins
  }
  return [...upper, Number.POSITIVE_INFINITY]
}

function sum(counts: Int32Array): number {
  return counts.reduce((total, count) => total + count, 0)
}

function binOf(value: number, upper: Float64Array): number {
  let [low, high] = [0, upper.length - 1]
  while (low < high) {
    const middle = (low + high) >> 1
    if (value <= (upper[middle] ?? value)) high = middle
    else low = middle + 1
  }
  return low
}
