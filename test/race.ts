import { setTimeout as wait } from 'node:timers/promises'
import { seeded } from './seeded.ts'

/** Of each race. */
export const ROUNDS = Number(process.env['ROUNDS'] ?? 200)
/** Of the first round; each further one has the next number. */
const SEED = Number(process.env['SEED'] ?? Date.now() % 1_000_000)
/** Longest pause between two steps, and longest head start, in milliseconds. */
const PAUSE = 3
const HEAD_START = 12

let random = seeded(SEED)

/** A number in [0, 1) of this round's seed. */
export const chance = (): number => random()

/** Awaited between steps: now and then a moment, by the round's seed. */
export async function pause(): Promise<void> {
  if (random() < 0.3) await wait(random() * PAUSE)
}

/** Plays the rounds one after the other; the error of one that fails names its seed, by which it meets the same moments again. */
export async function rounds(play: (round: number) => Promise<void>): Promise<void> {
  for (let round = 0; round < ROUNDS; round++) {
    random = seeded(SEED + round)
    try {
      await play(round)
    } catch (error) {
      throw new Error(`round ${round} of ${ROUNDS} failed; again: SEED=${SEED + round} ROUNDS=1`, { cause: error })
    }
  }
}

/** Does all of these at once, each after a head start of the others by chance; answers in their order. */
export async function meet<answer>(...steps: readonly (() => Promise<answer>)[]): Promise<answer[]> {
  return Promise.all(
    steps.map(async (step) => {
      await wait(random() * HEAD_START)
      return step()
    }),
  )
}
