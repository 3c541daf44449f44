import type { LogRecord } from './topics.ts'

/** Offsets from the first up to, not including, the second. */
export type Range = readonly [from: number, to: number]

/** An event that waits for another attempt, or behind one of its key that does: a row of the ledger. */
export interface Parked {
  readonly record: LogRecord
  /** Attempts that were started, or were about to be. */
  readonly attempts: number
  /** Milliseconds since 1970: not before then. */
  readonly due: number
}

/** Why an event was given up: what its last attempt was answered. */
export interface DeliveryError {
  readonly code: string
  /** `null` where no answer came. */
  readonly status: number | null
  readonly message: string
  /** Of the function that answered, where it is known. */
  readonly version?: string
}

/** An event that was given up, with all that is needed to look at it and to deliver it again. */
export interface DeadLetter {
  readonly record: LogRecord
  readonly attempts: number
  readonly error: DeliveryError
  /** Milliseconds since 1970. */
  readonly at: number
}

/** What a claim finds: where the last owner stood. The position and ranges have passed the parked offsets as well. */
export interface Claimed {
  /** One higher than that of every owner before. */
  readonly epoch: number
  /** All below it is handled, dead-lettered, parked, or was never there. */
  readonly position: number
  /** The same, of what lies above. */
  readonly ranges: readonly Range[]
  readonly parked: readonly Parked[]
}

/** All that one write changes, in one transaction or not at all. The offsets of `park`, `update` and `unpark` are distinct. */
export interface Changes {
  /** 1, 2, 3, … within the epoch: a write whose number the ledger has seen is stored already and changes nothing. */
  readonly number: number
  readonly position: number
  readonly ranges: readonly Range[]
  /** Rows to insert. */
  readonly park: readonly Parked[]
  /** Parked rows that get other values. */
  readonly update: readonly { readonly offset: number; readonly attempts: number; readonly due: number }[]
  /** Offsets of parked rows to delete: handled, or dead. */
  readonly unpark: readonly number[]
  /** Rows to insert. */
  readonly dead: readonly DeadLetter[]
  /** The trigger stops with this write, for this reason. */
  readonly stop?: string
}

/** Where a partition stands. */
export interface Standing {
  readonly position: number
  readonly ranges: readonly Range[]
}

/** What a claim must know of the trigger and of the log. */
export interface Start {
  /** Where a trigger begins that has no position yet. */
  readonly startFrom: 'earliest' | 'latest'
  /** Of the log, now. What was stored under another `identity` belongs to a topic that is gone. */
  readonly bounds: { readonly low: number; readonly high: number; readonly identity: string }
}

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
  /** How many dead letters each trigger has. */
  deadLetters(): Promise<ReadonlyMap<string, number>>
}
