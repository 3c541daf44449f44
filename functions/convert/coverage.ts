import type { Row } from './evaluate.ts'
import { goesLeft, splitAt } from './evaluate.ts'
import type { Split, TreeModel } from './model.ts'
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
  const watches = trees.map(({ splits }) => splits.map(watch))
  const probes = watches.flat().reduce((sum, { open }) => sum + open, 0)
  let reached = 0

  return {
    probes,
    get reached() {
      return reached
    },
    open(tree, split) {
      const { probes = [], seen = [] } = watches[tree]?.[split] ?? {}
      return [...probes].filter((_, at) => !seen[at])
    },
    walk(row) {
      const leaves = new Int32Array(trees.length)
      for (const [index, tree] of trees.entries()) {
        let at = tree.splits.length > 0 ? 0 : -1
        while (at >= 0) {
          const split = splitAt(tree, at)
          const value = row[split.feature] ?? Number.NaN
          const watched = watches[index]?.[at]
          if (watched && watched.open > 0 && reach(watched, value)) reached++
          at = goesLeft(split, value) ? split.left : split.right
        }
        leaves[index] = ~at
      }
      return leaves
    },
  }
}

/** Arrays in place of a Set: this is looked at for every row at every split. */
interface Watch {
  readonly probes: Float64Array
  readonly seen: Uint8Array
  open: number
}

function watch(split: Split): Watch {
  const probes = Float64Array.from(new Set(splitProbes(split)))
  return { probes, seen: new Uint8Array(probes.length), open: probes.length }
}

function reach(watched: Watch, value: number): boolean {
  const { probes, seen } = watched
  const at = Number.isNaN(value) ? probes.findIndex(Number.isNaN) : probes.indexOf(value)
  if (at < 0 || seen[at]) return false
  seen[at] = 1
  watched.open--
  return true
}
