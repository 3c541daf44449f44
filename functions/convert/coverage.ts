import type { Row } from './evaluate.ts'
import { goesLeft, splitAt } from './evaluate.ts'
import type { TreeModel } from './model.ts'
import { splitProbes } from './probes.ts'

/** Which probes of which splits rows have reached: a row reaches one that comes by the split with that very value. */
export interface Coverage {
  /** The leaf the row ends in, for each tree; what it reached on its way is counted. */
  walk(row: Row): Int32Array
  /** The probes of this split that no row has reached yet. */
  open(tree: number, split: number): number[]
  readonly probes: number
  readonly reached: number
}

/** Nothing reached yet. */
export function coverage({ trees }: TreeModel): Coverage {
  // One set of open probes for each split; NaN equals itself in a Set, and -0 is 0.
  const open = trees.map(({ splits }) => splits.map((split) => new Set(splitProbes(split))))
  const probes = open.flat().reduce((sum, { size }) => sum + size, 0)
  let reached = 0

  return {
    probes,
    get reached() {
      return reached
    },
    open: (tree, split) => [...(open[tree]?.[split] ?? [])],
    walk(row) {
      const leaves = new Int32Array(trees.length)
      for (const [index, tree] of trees.entries()) {
        let at = tree.splits.length > 0 ? 0 : -1
        while (at >= 0) {
          const split = splitAt(tree, at)
          const value = row[split.feature] ?? Number.NaN
          const unreached = open[index]?.[at]
          if (unreached && unreached.size > 0 && unreached.delete(value)) reached++
          at = goesLeft(split, value) ? split.left : split.right
        }
        leaves[index] = ~at
      }
      return leaves
    },
  }
}
