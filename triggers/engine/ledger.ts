import type { Changes, Claimed } from './core/rows.ts'

/** Names what a position belongs to. */
export interface PositionName {
  readonly trigger: string
  readonly topic: string
  readonly partition: number
}

/** Where a position begins that was never written. */
export interface Start {
  readonly startFrom: 'earliest' | 'latest'
  /** The log's, now. `identity` changes when the topic was made anew: its positions begin again, at the earliest. */
  readonly bounds: { readonly low: number; readonly high: number; readonly identity: string }
}

/** Positions, parked events and dead letters: what is true about deliveries. What it acknowledges survives a crash. */
export interface Ledger {
  /** Becomes the owner: raises the epoch and reads in one transaction, so that no write of an earlier owner comes after. */
  claim(name: PositionName, start: Start): Promise<Claimed>
  /**
   * Stores the changes in one transaction and answers true, if the epoch is still this one; else false, and nothing has changed.
   * A number that was stored before changes nothing and is answered true. A rejection leaves the outcome unknown.
   */
  write(name: PositionName, epoch: number, changes: Changes): Promise<boolean>
}
