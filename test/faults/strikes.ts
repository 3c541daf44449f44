import { setTimeout as wait } from 'node:timers/promises'
import type { Random } from '../simulation/random.ts'
import type { Point } from './points.ts'
import { POINTS } from './points.ts'
import type { InWorld } from './scenario.ts'
import type { Victim, World } from './world.ts'

export const VICTIMS = ['platform', 'postgres', 'everything', 'function'] as const
/** Milliseconds in which a kill of a random moment comes. */
export const SPAN = 500
/** Milliseconds in which a point is passed. */
const REACHED = 20_000

/** A death at the first or second passage of a point: of its process, or of more with it. */
export function atPoint(point: Point): InWorld {
  const isJob = point.startsWith('job-')
  const isModel = /package|alias/.test(point)
  return {
    name: point,
    share: 3,
    ...(isJob ? { traffic: { does: ['job', 'job', 'well'] } } : {}),
    ...(isModel ? { runs: 4, traffic: { events: 4 } } : {}),
    prepare({ world, random, seed }) {
      const ofPlatform = POINTS[point] === 'platform'
      const victim: Victim = ofPlatform ? random.pick(['platform', 'everything']) : random.pick(VICTIMS)
      world.order(point, { nth: random.between(1, 2), victim, id: `${seed}` })
    },
    async strike({ world, tell }) {
      const end = performance.now() + REACHED
      while (!world.isCarriedOut()) {
        if (performance.now() > end) return tell('other: the point was never reached')
        await wait(10)
      }
    },
  }
}

/** A death at a moment by chance. */
export function atRandom(name: string, share: number, victim: Victim): InWorld {
  return { name, share, strike: ({ world, random }) => killAfter(world, random, victim) }
}

/** Two deaths, the second perhaps while the first is not yet got over. */
export function pairs(share: number): InWorld {
  return {
    name: 'pairs',
    share,
    async strike({ world, random }) {
      await killAfter(world, random, random.pick(VICTIMS))
      if (random.chance(0.5)) await world.settled()
      await killAfter(world, random, random.pick(VICTIMS))
    },
  }
}

/** Kills after a time by chance. */
export async function killAfter(world: World, random: Random, victim: Victim): Promise<void> {
  await wait(random.between(0, SPAN))
  world.kill(victim)
}
