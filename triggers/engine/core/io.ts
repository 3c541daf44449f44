import type { Changes } from '../../../runtime/ledger.ts'
import type { LogRecord } from '../../../runtime/topics.ts'
import type { Outcome } from './policy.ts'

/** One attempt at an event. */
export interface Delivery {
  readonly record: LogRecord
  /** 1 for the first. */
  readonly attempt: number
}

/** `fenced`: another owner has claimed the partition. `unknown`: no answer came; it may be stored or not, now or later. */
export type Stored = 'stored' | 'fenced' | 'unknown'

/**
 * What a partition asks of its surroundings. Each answer comes once, or never when the process ends;
 * no answer comes before the call that asked for it has returned.
 */
export interface Io {
  /** Milliseconds since 1970. */
  now(): number
  /** In [0, 1). */
  random(): number
  /** Sends an event to its target, with a deadline of its own: every delivery ends. */
  deliver(delivery: Delivery, answer: (outcome: Outcome) => void): void
  /** Stores changes in one transaction, if the epoch is still that of the claim. */
  write(changes: Changes, answer: (stored: Stored) => void): void
  /** Reads the records from an offset on, in order, at most `most`; waits until there is one. Offsets left out do not exist. */
  read(from: number, most: number, answer: (records: readonly LogRecord[]) => void): void
  /** Calls the partition's `tick` at that time; takes the place of what was asked for before. */
  wake(at: number): void
  /** The target refuses the engine: this partition has paused itself, the trigger's others should as well. */
  refused(outcome: Outcome): void
  /** Whether the trigger may give one more event up for this; where it may not, it has paused this partition and its others. */
  mayBury(record: LogRecord, outcome: Outcome): boolean
  /** An event was given up, and the trigger stops at that: this partition has paused itself, the trigger's others should as well. */
  stopped(reason: string): void
  /** Whether the event is of no use any more: it is given up without another attempt. */
  isTooOld(record: LogRecord): boolean
  /** Another owner has claimed the partition: nothing more is done here. */
  fenced(): void
}
