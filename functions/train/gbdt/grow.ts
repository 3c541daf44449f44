import type { BinnedColumn } from './bins.ts'
import type { Tree } from './ensemble.ts'
import type { Histogram } from './histogram.ts'
import { histograms, subtract } from './histogram.ts'
import type { GbdtParameters } from './parameters.ts'
import type { Split, Sums } from './split.ts'
import { bestSplit, divideRows, EPSILON, leafValue } from './split.ts'

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
  histogram: Histogram | null
  /** 1 for the columns that may still split it: one that gained nothing above is not tried below, as in LightGBM. */
  readonly usable: Uint8Array
  split: Split | null
}

interface InnerNode {
  readonly leaf: Leaf
  readonly split: Split
  left: number
  right: number
}

/** Grows trees leaf by leaf, the split that gains most first; one grower keeps its memory for all trees of a training. */
export function grower(
  columns: readonly (BinnedColumn & { readonly feature: number })[],
  rows: number,
  parameters: GbdtParameters,
): (gradient: Float32Array, hessian: Float32Array) => Grown {
  const { leaves: most, minDataInLeaf, lambda, maxDepth = Number.POSITIVE_INFINITY } = parameters
  const order = new Int32Array(rows)
  const spare = new Int32Array(rows)
  const { starts, count, release } = histograms(columns, rows)

  return (gradient, hessian) => {
    for (let row = 0; row < rows; row++) order[row] = row
    const root = rootOf(gradient, hessian, lambda, columns.length)
    if (searchable(root)) {
      root.histogram = count(order, root.usable, gradient, hessian)
      search(root)
    }
    const leaves = [root]
    const nodes: InnerNode[] = []
    while (leaves.length < most) {
      const index = nextOf(leaves)
      const leaf = leaves[index]
      if (!leaf?.split) break
      const above = leaf.parent && nodes[leaf.parent.node]
      if (leaf.parent && above) above[leaf.parent.side] = nodes.length
      const [low, high] = divide(leaf, leaf.split, nodes.length)
      nodes.push({ leaf, split: leaf.split, left: ~index, right: ~leaves.length })
      leaves[index] = low
      leaves.push(high)
      prepare(leaf, low, high, gradient, hessian)
    }
    for (const leaf of leaves) forget(leaf)
    return { tree: treeOf(nodes, leaves, columns), order, begin: Int32Array.from(leaves, ({ begin }) => begin) }
  }

  function searchable(leaf: Leaf): boolean {
    return leaf.count >= 2 * minDataInLeaf && leaf.depth < maxDepth
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

  /** Splits the leaf and its rows in two. */
  function divide(leaf: Leaf, split: Split, node: number): [low: Leaf, high: Leaf] {
    const column = columns[split.column]
    const lower = column ? divideRows(order, spare, { leaf, split, column }) : 0
    const child = (side: 'left' | 'right', begin: number, held: number, gradient: number, hessian: number): Leaf => ({
      begin,
      count: held,
      gradient,
      hessian: hessian - EPSILON,
      depth: leaf.depth + 1,
      value: leafValue(gradient, hessian, lambda),
      parent: { node, side },
      histogram: null,
      usable: leaf.usable.slice(),
      split: null,
    })
    return [
      child('left', leaf.begin, lower, split.leftGradient, split.leftHessian),
      child(
        'right',
        leaf.begin + lower,
        leaf.count - lower,
        leaf.gradient - split.leftGradient,
        leaf.hessian + 2 * EPSILON - split.leftHessian,
      ),
    ]
  }

  /** Gives both children their histograms: the smaller is counted, the larger is what the parent's then has left. */
  function prepare(parent: Leaf, low: Leaf, high: Leaf, gradient: Float32Array, hessian: Float32Array): void {
    const [smaller, larger] = low.count < high.count ? [low, high] : [high, low]
    if (parent.histogram && searchable(larger)) {
      const held = order.subarray(smaller.begin, smaller.begin + smaller.count)
      smaller.histogram = count(held, smaller.usable, gradient, hessian)
      larger.histogram = parent.histogram
      parent.histogram = null
      subtract(larger.histogram, smaller.histogram)
      for (const leaf of [smaller, larger]) {
        if (searchable(leaf)) search(leaf)
        if (!leaf.split) forget(leaf)
      }
    }
    forget(parent)
  }

  function forget(leaf: Leaf): void {
    if (leaf.histogram) release(leaf.histogram)
    leaf.histogram = null
  }
}

function rootOf(gradient: Float32Array, hessian: Float32Array, lambda: number, columns: number): Leaf {
  let [g, h] = [0, 0]
  for (let row = 0; row < gradient.length; row++) {
    g += gradient[row] ?? 0
    h += hessian[row] ?? 0
  }
  return {
    begin: 0,
    count: gradient.length,
    gradient: g,
    hessian: h,
    depth: 0,
    value: leafValue(g, h, lambda),
    parent: null,
    histogram: null,
    usable: new Uint8Array(columns).fill(1),
    split: null,
  }
}

/** The leaf whose split gains most; of equal ones that by the first column, then the first leaf. */
function nextOf(leaves: readonly Leaf[]): number {
  let next = -1
  let best: Split | null = null
  for (const [index, { split }] of leaves.entries()) {
    if (!split || (best && (split.gain < best.gain || (split.gain === best.gain && split.column >= best.column))))
      continue
    best = split
    next = index
  }
  return next
}

function treeOf(
  nodes: readonly InnerNode[],
  leaves: readonly Leaf[],
  columns: readonly (BinnedColumn & { readonly feature: number })[],
): Tree {
  return {
    feature: Int32Array.from(nodes, ({ split }) => columns[split.column]?.feature ?? 0),
    threshold: Float64Array.from(nodes, ({ split }) => columns[split.column]?.upper[split.bin] ?? 0),
    missingLeft: Uint8Array.from(nodes, ({ split }) => (split.missingLeft ? 1 : 0)),
    left: Int32Array.from(nodes, ({ left }) => left),
    right: Int32Array.from(nodes, ({ right }) => right),
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
