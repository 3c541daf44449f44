import { setTimeout as wait } from 'node:timers/promises'
import type { Random } from '../simulation/random.ts'
import type { Traffic } from './generate.ts'
import type { Point } from './points.ts'
import { POINTS } from './points.ts'
import type { Victim, World } from './world.ts'

/** What a strike has: the world, chance, and the end of the traffic. */
export interface Strike {
  readonly world: World
  readonly random: Random
  readonly seed: number
  readonly traffic: Promise<unknown>
  tell(violation: string): void
}

/** One way in which things go wrong. */
export interface Scenario {
  readonly name: string
  /** Of 100 seeds. */
  readonly share: number
  readonly traffic?: Partial<Traffic>
  /** Runs of models that are told of. */
  readonly runs?: number
  /** Before the traffic begins. */
  prepare?(strike: Omit<Strike, 'traffic'>): void
  /** While it goes on; resolves when no more comes. */
  strike(strike: Strike): Promise<void>
}

const VICTIMS = ['platform', 'postgres', 'everything', 'function'] as const
/** Milliseconds in which a kill of a random moment comes. */
const SPAN = 500

/** At each point three deaths of each hundred, at random moments twenty, and so on. */
export const SCENARIOS: readonly Scenario[] = [
  ...points().map(atPoint),
  ...VICTIMS.map((victim) => atRandom(`random-${victim}`, 5, [victim])),
  pairs(),
  {
    name: 'duplicates',
    share: 5,
    traffic: { outside: 1, again: 0.6 },
    strike: ({ world, random }) => killAfter(world, random, 'platform'),
  },
  {
    name: 'terminate',
    share: 5,
    async strike({ world, random, tell }) {
      await wait(random.between(0, SPAN))
      const code = await world.terminate()
      if (code !== 0) tell(`I10: after SIGTERM it ended with ${code}`)
    },
  },
]

function points(): Point[] {
  // The keys of a constant are its points.
  return Object.keys(POINTS) as Point[]
}

function atPoint(point: Point): Scenario {
  const isJob = point.startsWith('job-')
  const isModel = /package|alias/.test(point)
  return {
    name: point,
    share: 3,
    ...(isJob ? { traffic: { does: ['job', 'job', 'well'] } } : {}),
    ...(isModel ? { runs: 4, traffic: { events: 4 } } : {}),
    prepare({ world, random, seed }) {
      const victim: Victim =
        POINTS[point] === 'platform' ? random.pick<Victim>(['platform', 'everything']) : random.pick(VICTIMS)
      world.order(point, { nth: random.between(1, 2), victim, id: `${seed}` })
    },
    async strike({ world, tell }) {
      const end = performance.now() + 20_000
      while (!world.isCarriedOut()) {
        if (performance.now() > end) return tell('other: the point was never reached')
        await wait(10)
      }
    },
  }
}

function atRandom(name: string, share: number, victims: readonly Victim[]): Scenario {
  return {
    name,
    share,
    async strike({ world, random }) {
      for (const victim of victims) await killAfter(world, random, victim)
    },
  }
}

function pairs(): Scenario {
  return {
    name: 'pairs',
    share: 10,
    async strike({ world, random }) {
      await killAfter(world, random, random.pick(VICTIMS))
      if (random.chance(0.5)) await world.settled()
      await killAfter(world, random, random.pick(VICTIMS))
    },
  }
}

async function killAfter(world: World, random: Random, victim: Victim): Promise<void> {
  await wait(random.between(0, SPAN))
  world.kill(victim)
}
