import type { Violation } from './judge.ts'

/** What came of one seed. */
export interface Round {
  readonly name: string
  readonly seed: number
  readonly killed: number
  readonly sent: number
  readonly acknowledged: number
  readonly handled: number
  readonly dead: number
  /** Milliseconds from the last death until nothing was left to do. */
  readonly recovery: number
  readonly violations: readonly Violation[]
}
