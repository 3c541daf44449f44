import { setTimeout as wait } from 'node:timers/promises'
import { playChain } from './chain.ts'
import type { Point } from './points.ts'
import { POINTS } from './points.ts'
import type { Scenario } from './scenario.ts'
import { clock } from './strike-clock.ts'
import { diskFull, readOnly } from './strike-disk.ts'
import { poison } from './strike-poison.ts'
import { atPoint, atRandom, killAfter, pairs, SPAN, VICTIMS } from './strikes.ts'

/** All that is tried. */
export const SCENARIOS: readonly Scenario[] = [
  ...points().map(atPoint),
  ...VICTIMS.map((victim) => atRandom(`random-${victim}`, 4, victim)),
  pairs(10),
  {
    name: 'duplicates',
    share: 4,
    traffic: { outside: 1, again: 0.6 },
    strike: ({ world, random }) => killAfter(world, random, 'platform'),
  },
  {
    name: 'terminate',
    share: 4,
    isGentle: true,
    async strike({ world, random, tell }) {
      await wait(random.between(0, SPAN))
      const code = await world.terminate()
      if (code !== 0) tell(`I10: after SIGTERM it ended with ${code}`)
    },
  },
  poison,
  clock,
  diskFull,
  readOnly,
  { name: 'chain', share: 2, alone: playChain },
]

function points(): Point[] {
  // The keys of a constant are its points.
  return Object.keys(POINTS) as Point[]
}
