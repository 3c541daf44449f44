import type { Start } from './core/beginning.ts'
import type { Changes, Claimed } from './core/rows.ts'

/** Names what a position belongs to. */
export interface PositionName {
  readonly trigger: string
  readonly topic: string
  readonly partition: number
}

/** Positions, parked events and dead letters: what is true about deliveries. What it acknowledges survives a crash. */
export interface Ledger {
  /**
   * Becomes the owner: raises the epoch, then reads, in one transaction, so that no write of an earlier owner comes after.
   * Begins as `beginning` says; what was stored under another identity of the topic is not found, and stays for people to see.
   */
  claim(name: PositionName, start: Start): Promise<Claimed>
  /**
   * Stores the changes in one transaction and answers true, if the epoch is still this one; else false, and nothing has changed.
   * A number that was stored before in this epoch changes nothing and is answered true. A rejection leaves the outcome unknown:
   * it may be stored later still, after the same number was sent again.
   */
  write(name: PositionName, epoch: number, changes: Changes): Promise<boolean>
}
