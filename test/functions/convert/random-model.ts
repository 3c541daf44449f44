import type { Split, Tree, TreeModel } from '../../../functions/convert/model.ts'
import { ZERO } from '../../../functions/convert/model.ts'

/** Values at which readings of a model come apart. */
export const EDGES = [
  Number.NaN,
  Number.NEGATIVE_INFINITY,
  -1e300,
  -2,
  -1,
  -0.5,
  -2 * ZERO,
  -ZERO,
  -1e-40,
  -0,
  0,
  1e-40,
  ZERO,
  2 * ZERO,
  0.5,
  1,
  1.5,
  2,
  31,
  32,
  33,
  52,
  53,
  63,
  64,
  65.9,
  100,
  2 ** 31,
  2 ** 53,
  1e300,
  Number.POSITIVE_INFINITY,
]

/** A model whose splits lie on the edges, of every kind and missing type, also two kinds on one feature. */
export function randomModel(next: () => number, scores: number): TreeModel {
  const pick = <item>(items: readonly item[]): item => {
    const item = items[Math.floor(next() * items.length)]
    if (item === undefined) throw new RangeError('nothing to pick from')
    return item
  }
  const split = (left: number, right: number): Split => {
    const feature = Math.floor(next() * 3)
    if (next() < 0.4) {
      const all = [0, 1, 2, 31, 32, 33, 52, 53, 63, 64, 65, 100]
      return { kind: 'categorical', feature, categories: all.filter(() => next() < 0.4), left, right }
    }
    const threshold = pick(EDGES.filter((edge) => !Number.isNaN(edge)))
    const missing = pick(['none', 'zero', 'nan'] as const)
    return { kind: 'numerical', feature, threshold, missing, defaultLeft: next() < 0.5, left, right }
  }
  const tree = (): Tree => {
    const count = Math.floor(next() * 12)
    // Each new split takes the place of a leaf, as the trainer grows a tree.
    const ends: { at: number; side: 'left' | 'right' }[] = []
    const branches: { left: number; right: number }[] = []
    for (let at = 0; at < count; at++) {
      if (at > 0) {
        const [end] = ends.splice(Math.floor(next() * ends.length), 1)
        const above = branches[end?.at ?? 0]
        if (end && above) above[end.side] = at
      }
      branches.push({ left: 0, right: 0 })
      ends.push({ at, side: 'left' }, { at, side: 'right' })
    }
    for (const [leaf, { at, side }] of ends.entries()) {
      const above = branches[at]
      if (above) above[side] = ~leaf
    }
    return {
      splits: branches.map(({ left, right }) => split(left, right)),
      leaves: Array.from({ length: count + 1 }, () => next() * 2 - 1),
    }
  }
  return {
    features: ['a', 'b', 'c'],
    objective: 'custom',
    link: { kind: 'identity' },
    scores,
    divisor: 1,
    trees: Array.from({ length: scores * 4 }, tree),
  }
}
