import type { DeadLetter, Parked, Range } from '../../runtime/ledger.ts'

/** What the ledger holds of one partition. */
export interface Account {
  epoch: number
  number: number
  position: number
  ranges: readonly Range[]
  readonly parked: Map<number, Parked>
  readonly dead: Map<number, DeadLetter>
}

/** Accounts of all partitions, at nothing. */
export function createAccounts(partitions: number): readonly Account[] {
  return Array.from({ length: partitions }, () => ({
    epoch: 0,
    number: 0,
    position: 0,
    ranges: [],
    parked: new Map(),
    dead: new Map(),
  }))
}
