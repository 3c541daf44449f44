import type { Coverage } from './coverage.ts'
import { goesLeft } from './evaluate.ts'
import type { Split, Tree, TreeModel } from './model.ts'
import { featureProbes } from './probes.ts'

/** Rows that bring every feature to each of its probes, many features at once, then rows that lead to each split's probes not `seen` yet. */
export function* probeRows(model: TreeModel, seen: Coverage): Generator<Float64Array> {
  const values = featureProbes(model)
  const count = values.reduce((most, { length }) => Math.max(most, length), 0)
  for (let row = 0; row < count; row++) yield packed(values, row)

  let turn = count
  for (const [index, tree] of model.trees.entries()) {
    for (const [at, path] of paths(tree).entries()) {
      for (const value of seen.open(index, at)) {
        const row = lead(packed(values, turn), path, value, (feature) => rotated(values[feature] ?? [], turn++))
        if (row) yield row
      }
    }
  }
}

/** A probe of every feature: turn by turn each feature's next one, after a whole round in step with others than before. */
function packed(values: readonly (readonly number[])[], turn: number): Float64Array {
  return Float64Array.from(values, (probes, feature) => {
    const round = Math.floor(turn / probes.length)
    return probes[(turn + feature * round) % probes.length] ?? 0
  })
}

interface Step {
  readonly split: Split
  /** `undefined` at the end of the path, where either way will do. */
  readonly left: boolean | undefined
}

/** For each split, the way from the root down to it. */
function paths({ splits }: Tree): Step[][] {
  const found: Step[][] = splits.map((split) => [{ split, left: undefined }])
  for (const [at, split] of splits.entries()) {
    const above = found[at]?.slice(0, -1) ?? []
    for (const [child, left] of [
      [split.left, true],
      [split.right, false],
    ] as const) {
      if (child >= 0) found[child]?.unshift(...above, { split, left })
    }
  }
  return found
}

/** The row changed so that it comes to the path's end with this value there; `null` where none can. */
function lead(
  row: Float64Array,
  path: readonly Step[],
  value: number,
  candidates: (feature: number) => Iterable<number>,
): Float64Array | null {
  const end = path.at(-1)?.split.feature
  for (const feature of new Set(path.map(({ split }) => split.feature))) {
    const steps = path.filter(({ split, left }) => split.feature === feature && left !== undefined)
    const fits = (candidate: number) => steps.every(({ split, left }) => goesLeft(split, candidate) === left)
    const chosen = feature === end ? [value].find(fits) : first(candidates(feature), fits)
    if (chosen === undefined) return null
    row[feature] = chosen
  }
  return row
}

function* rotated(values: readonly number[], turn: number): Generator<number> {
  for (let at = 0; at < values.length; at++) yield values[(at + turn) % values.length] ?? 0
}

function first(values: Iterable<number>, fits: (value: number) => boolean): number | undefined {
  for (const value of values) if (fits(value)) return value
  return undefined
}
