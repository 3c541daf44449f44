import type { BinnedColumn } from './bins.ts'

/** Gradient and hessian by bin of all columns for the rows of one leaf: bin b of column c lies at `2 * (starts[c] + b)`, gradient first. */
export type Histogram = Float64Array

/** Makes histograms of one table and takes them back, so that trees share their memory. */
export interface Histograms {
  readonly starts: Int32Array
  /** Sums over these rows, for the columns that are marked by 1. */
  count(rows: Int32Array, columns: Uint8Array, gradient: Float32Array, hessian: Float32Array): Histogram
  release(histogram: Histogram): void
}

/** The histograms of a table's columns. */
export function histograms(columns: readonly BinnedColumn[], rows: number): Histograms {
  const starts = new Int32Array(columns.length)
  let width = 0
  for (const [position, { size }] of columns.entries()) {
    starts[position] = width
    width += size
  }
  // The leaf's gradients in the order of its rows, so that each column reads them in line.
  const gradients = new Float32Array(rows)
  const hessians = new Float32Array(rows)
  const free: Histogram[] = []
  return {
    starts,
    count(held, wanted, gradient, hessian) {
      for (let at = 0; at < held.length; at++) {
        const row = held[at] ?? 0
        gradients[at] = gradient[row] ?? 0
        hessians[at] = hessian[row] ?? 0
      }
      const histogram = free.pop()?.fill(0) ?? new Float64Array(2 * width)
      for (const [position, { bins }] of columns.entries()) {
        if (wanted[position] === 1) addUp(histogram, starts[position] ?? 0, bins, held, gradients, hessians)
      }
      return histogram
    },
    release: (histogram) => free.push(histogram),
  }
}

/** Takes a part away, in place: what is left are the sums over the other rows. */
export function subtract(from: Histogram, part: Histogram): void {
  for (let at = 0; at < from.length; at++) from[at] = (from[at] ?? 0) - (part[at] ?? 0)
}

function addUp(
  histogram: Histogram,
  start: number,
  bins: Uint8Array,
  held: Int32Array,
  gradients: Float32Array,
  hessians: Float32Array,
): void {
  for (let index = 0; index < held.length; index++) {
    const at = 2 * (start + (bins[held[index] ?? 0] ?? 0))
    histogram[at] = (histogram[at] ?? 0) + (gradients[index] ?? 0)
    histogram[at + 1] = (histogram[at + 1] ?? 0) + (hessians[index] ?? 0)
  }
}
