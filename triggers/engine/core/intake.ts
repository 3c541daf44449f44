import type { LogRecord } from '../../../runtime/topics.ts'
import type { Gather } from './gather.ts'
import type { Io } from './io.ts'
import type { Limits } from './limits.ts'
import type { Passed } from './ranges.ts'

/** Reads a partition, one read at a time, no further than the window. */
export interface Intake {
  /** The offset to read next. */
  readonly next: number
  /** Asks for records, if none are on their way and there is room for some. */
  read(): void
}

export interface IntakeOptions {
  /** The offset to begin with. */
  readonly from: number
  readonly passed: Passed
  readonly limits: Limits
  readonly gather: Gather
  readonly io: Io
  /** Takes in what was read; false where it is no longer wanted. */
  isOpen(): boolean
  /** Whether a record is one of the trigger's; others of its topic are passed by. */
  isMeant(record: LogRecord): boolean
  enter(record: LogRecord): void
  /** All of a read has entered. */
  settle(): void
}

/** Nothing read yet. */
export function createIntake(options: IntakeOptions): Intake {
  const { from, passed, limits, gather, io, isOpen, isMeant, enter, settle } = options
  let next = from
  let isReading = false

  function received(records: readonly LogRecord[]): void {
    isReading = false
    if (!isOpen()) return
    for (const record of records) {
      const { offset } = record
      if (offset < next) continue
      if (offset > next) {
        // What a read leaves out does not exist.
        passed.add(next, offset)
        gather.advance(io.now())
      }
      next = offset + 1
      if (passed.has(offset)) continue
      if (isMeant(record)) {
        enter(record)
      } else {
        passed.add(offset, next)
        gather.advance(io.now())
      }
    }
    settle()
  }

  return {
    get next() {
      return next
    },
    read() {
      if (isReading) return
      // What an earlier owner had passed above its position need not be read: the position may have reached beyond it.
      next = Math.max(next, passed.position)
      const room = limits.window - (next - passed.position)
      // To ask for one record as soon as one is done would make every read a small one.
      if (room < Math.min(limits.batch, limits.window / 2)) return
      isReading = true
      io.read(next, Math.min(room, limits.batch), received)
    },
  }
}
