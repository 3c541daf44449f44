import type { BinnedColumn } from './bins.ts'
import type { Tree } from './ensemble.ts'
import type { GbdtParameters } from './parameters.ts'
import type { Split, Sums } from './split.ts'
import { bestSplit, EPSILON, leafValue } from './split.ts'

/** A tree, and which rows lie in its leaves: leaf i has `order[begin[i] … begin[i] + leafCount[i])`, until the next tree is grown. */
export interface Grown {
  readonly tree: Tree
  readonly order: Int32Array
  readonly begin: Int32Array
}

interface Leaf extends Sums {
  readonly begin: number
  readonly depth: number
  readonly value: number
  /** The inner node above and the side of it. */
  readonly parent: { readonly node: number; readonly side: 'left' | 'right' } | null
  histogram: Float64Array | null
  /** 1 for the columns that may still split it: one that gained nothing above is not tried below, as in LightGBM. */
  usable: Uint8Array
  split: Split | null
}

/** Grows trees leaf by leaf, the split that gains most first; one grower keeps its memory for all trees of a training. */
export function grower(
  columns: readonly (BinnedColumn & { readonly feature: number })[],
  rows: number,
  parameters: GbdtParameters,
): (gradient: Float32Array, hessian: Float32Array) => Grown {
  const order = new Int32Array(rows)
  const spare = new Int32Array(rows)
  // The leaf's gradients in the order of its rows, so that each column reads them in line.
  const gradients = new Float32Array(rows)
  const hessians = new Float32Array(rows)
  const starts: number[] = []
  let width = 0
  for (const { size } of columns) {
    starts.push(width)
    width += size
  }
  const free: Float64Array[] = []

  return (gradient, hessian) => {
    for (let row = 0; row < rows; row++) order[row] = row
    const root = rootOf(gradient, hessian)
    const leaves = [root]
    const nodes: { readonly split: Split; readonly leaf: Leaf }[] = []
    const left: number[] = []
    const right: number[] = []
    if (searchable(root)) {
      root.histogram = fill(root, gradient, hessian)
      search(root)
    }
    while (leaves.length < parameters.leaves) {
      const index = nextOf(leaves)
      const leaf = leaves[index]
      if (!leaf?.split) break
      const node = nodes.length
      nodes.push({ split: leaf.split, leaf })
      if (leaf.parent) (leaf.parent.side === 'left' ? left : right)[leaf.parent.node] = node
      left[node] = ~index
      right[node] = ~leaves.length
      const [below, above] = divide(leaf, leaf.split, node)
      leaves[index] = below
      leaves.push(above)
      prepare(leaf, below, above, gradient, hessian)
    }
    for (const leaf of leaves) release(leaf)
    return { tree: treeOf(nodes, left, right, leaves), order, begin: Int32Array.from(leaves, ({ begin }) => begin) }
  }

  function rootOf(gradient: Float32Array, hessian: Float32Array): Leaf {
    let [g, h] = [0, 0]
    for (let row = 0; row < rows; row++) {
      g += gradient[row] ?? 0
      h += hessian[row] ?? 0
    }
    return {
      begin: 0,
      count: rows,
      gradient: g,
      hessian: h,
      depth: 0,
      value: leafValue(g, h, parameters.lambda),
      parent: null,
      histogram: null,
      usable: new Uint8Array(columns.length).fill(1),
      split: null,
    }
  }

  function searchable({ count, depth }: Leaf): boolean {
    return count >= 2 * parameters.minDataInLeaf && depth < (parameters.maxDepth ?? Number.POSITIVE_INFINITY)
  }

  /** Sums the leaf's gradient and hessian by bin, column after column. */
  function fill({ begin, count, usable }: Leaf, gradient: Float32Array, hessian: Float32Array): Float64Array {
    const histogram = free.pop() ?? new Float64Array(2 * width)
    histogram.fill(0)
    const held = order.subarray(begin, begin + count)
    for (let at = 0; at < count; at++) {
      const row = held[at] ?? 0
      gradients[at] = gradient[row] ?? 0
      hessians[at] = hessian[row] ?? 0
    }
    for (const [position, { bins }] of columns.entries()) {
      if (usable[position] === 1) addUp(histogram, starts[position] ?? 0, bins, held, gradients, hessians)
    }
    return histogram
  }

  /** Finds the leaf's best split; of equal ones that of the first column. */
  function search(leaf: Leaf): void {
    const { histogram, usable } = leaf
    if (!histogram) return
    for (const [position, column] of columns.entries()) {
      if (usable[position] === 0) continue
      const start = starts[position] ?? 0
      const gainToBeat = leaf.split?.gain ?? 0
      const split = bestSplit({ histogram, start, leaf, column, position, gainToBeat }, parameters)
      if (split) leaf.split = split
      if (split === undefined) usable[position] = 0
    }
  }

  /** Sorts the leaf's rows into those that go left and those that go right, each in their order. */
  function divide(
    leaf: Leaf,
    { column, bin, missingLeft, leftGradient, leftHessian }: Split,
    node: number,
  ): [Leaf, Leaf] {
    const { bins, missing, size } = columns[column] ?? { bins: new Uint8Array(), missing: false, size: 0 }
    const absent = missing ? size - 1 : -1
    const end = leaf.begin + leaf.count
    let toLeft = leaf.begin
    let toRight = 0
    for (let at = leaf.begin; at < end; at++) {
      const row = order[at] ?? 0
      const its = bins[row] ?? 0
      if (its === absent ? missingLeft : its <= bin) order[toLeft++] = row
      else spare[toRight++] = row
    }
    order.set(spare.subarray(0, toRight), toLeft)

    const total = leaf.hessian + 2 * EPSILON
    const side = (part: 'left' | 'right', begin: number, count: number, gradient: number, hessian: number): Leaf => ({
      begin,
      count,
      gradient,
      hessian: hessian - EPSILON,
      depth: leaf.depth + 1,
      value: leafValue(gradient, hessian, parameters.lambda),
      parent: { node, side: part },
      histogram: null,
      usable: leaf.usable.slice(),
      split: null,
    })
    return [
      side('left', leaf.begin, toLeft - leaf.begin, leftGradient, leftHessian),
      side('right', toLeft, toRight, leaf.gradient - leftGradient, total - leftHessian),
    ]
  }

  /** Gives both children their histograms: the smaller is counted, the larger is what the parent's then has left. */
  function prepare(parent: Leaf, below: Leaf, above: Leaf, gradient: Float32Array, hessian: Float32Array): void {
    if (!searchable(below) && !searchable(above)) {
      release(parent)
      return
    }
    const [smaller, larger] = below.count < above.count ? [below, above] : [above, below]
    smaller.histogram = fill(smaller, gradient, hessian)
    larger.histogram = parent.histogram
    parent.histogram = null
    if (larger.histogram) subtract(larger.histogram, smaller.histogram)
    for (const leaf of [smaller, larger]) {
      if (searchable(leaf)) search(leaf)
      if (!leaf.split) release(leaf)
    }
  }

  function release(leaf: Leaf): void {
    if (leaf.histogram) free.push(leaf.histogram)
    leaf.histogram = null
  }

  function treeOf(
    nodes: readonly { readonly split: Split; readonly leaf: Leaf }[],
    left: readonly number[],
    right: readonly number[],
    leaves: readonly Leaf[],
  ): Tree {
    return {
      feature: Int32Array.from(nodes, ({ split }) => columns[split.column]?.feature ?? 0),
      threshold: Float64Array.from(nodes, ({ split }) => columns[split.column]?.upper[split.bin] ?? 0),
      missingLeft: Uint8Array.from(nodes, ({ split }) => (split.missingLeft ? 1 : 0)),
      left: Int32Array.from(left),
      right: Int32Array.from(right),
      gain: Float64Array.from(nodes, ({ split }) => split.gain),
      innerValue: Float64Array.from(nodes, ({ leaf }) => leaf.value),
      innerWeight: Float64Array.from(nodes, ({ leaf }) => leaf.hessian),
      innerCount: Int32Array.from(nodes, ({ leaf }) => leaf.count),
      leafValue: Float64Array.from(leaves, ({ value }) => value),
      leafWeight: Float64Array.from(leaves, ({ hessian }) => hessian),
      leafCount: Int32Array.from(leaves, ({ count }) => count),
      shrinkage: 1,
    }
  }
}

function addUp(
  histogram: Float64Array,
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

function subtract(from: Float64Array, part: Float64Array): void {
  for (let at = 0; at < from.length; at++) from[at] = (from[at] ?? 0) - (part[at] ?? 0)
}

/** The leaf whose split gains most; of equal ones that by the first column, then the first leaf. */
function nextOf(leaves: readonly Leaf[]): number {
  let next = -1
  let best: Split | null = null
  for (const [index, { split }] of leaves.entries()) {
    if (!split || (best && !(split.gain > best.gain || (split.gain === best.gain && split.column < best.column))))
      continue
    best = split
    next = index
  }
  return next
}
