import type { Split, TreeModel } from './model.ts'
import { ZERO } from './model.ts'

/** Values that tell a right split from a wrong one: at its threshold, the next doubles on both sides, missing; a set's members and what is none. */
export function splitProbes(split: Split): number[] {
  if (split.kind === 'categorical') {
    const [last = 0] = split.categories.slice(-1)
    return [...split.categories, last + 1, last + 0.5, -0.5, -1, Number.NaN]
  }
  const { threshold } = split
  const sides = [nextDown(threshold), threshold, nextUp(threshold), Number.NaN]
  return split.missing === 'zero' ? [...sides, 0, ZERO, -ZERO, nextUp(ZERO), nextDown(-ZERO)] : sides
}

/** The probes of all splits by feature, without repeats, in a fixed order; a feature that no split reads has 0 alone. */
export function featureProbes({ features, trees }: TreeModel): number[][] {
  const values = features.map(() => new Set([0]))
  for (const { splits } of trees) {
    for (const split of splits) {
      for (const value of splitProbes(split)) values[split.feature]?.add(value)
    }
  }
  return values.map((set) => [...set])
}

const view = new DataView(new ArrayBuffer(8))

/** The smallest double above; infinity stays. */
export function nextUp(value: number): number {
  if (value === 0) return Number.MIN_VALUE
  if (value === Number.POSITIVE_INFINITY) return value
  view.setFloat64(0, value)
  view.setBigInt64(0, view.getBigInt64(0) + (value > 0 ? 1n : -1n))
  return view.getFloat64(0)
}

/** The largest double below; minus infinity stays. */
export function nextDown(value: number): number {
  return -nextUp(-value)
}
