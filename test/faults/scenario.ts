import type { Random } from '../simulation/random.ts'
import type { Traffic } from './generate.ts'
import type { Round } from './round.ts'
import type { World } from './world.ts'

/** What a strike has. */
export interface Strike {
  readonly world: World
  readonly random: Random
  readonly seed: number
  /** Says that a promise was not kept: `I10: why`. */
  tell(violation: string): void
  /** Resolves when all is sent and nothing is left to do. */
  rest(): Promise<void>
}

interface Named {
  readonly name: string
  /** Of 100 seeds. */
  readonly share: number
}

/** One way in which things go wrong with the toys. */
export interface InWorld extends Named {
  readonly traffic?: Partial<Traffic>
  /** Runs of models that are told of. */
  readonly runs?: number
  /** In a world of its own, whose database and objects lie on a disk of so many MiB each. */
  readonly disk?: { readonly postgres: number; readonly objects: number }
  /** No request may be cut that was taken in. */
  readonly isGentle?: boolean
  /** Before the traffic begins. */
  prepare?(strike: Omit<Strike, 'rest'>): void
  /** While it goes on; resolves when no more comes. */
  strike(strike: Strike): Promise<void>
}

/** One way in which things go wrong with something else. */
export interface Alone extends Named {
  alone(seed: number): Promise<Round>
}

export type Scenario = InWorld | Alone
