import { seeded } from '../seeded.ts'

/** Chance from a seed: the same seed, the same draws. */
export interface Random {
  /** In [0, 1). */
  next(): number
  /** An integer from `least` to `most`, both included. */
  between(least: number, most: number): number
  chance(probability: number): boolean
  pick<item>(items: readonly [item, ...item[]]): item
}

export function createRandom(seed: number): Random {
  const next = seeded(seed)
  return {
    next,
    between: (least, most) => least + Math.floor(next() * (most - least + 1)),
    chance: (probability) => next() < probability,
    pick: (items) => items[Math.floor(next() * items.length)] ?? items[0],
  }
}
