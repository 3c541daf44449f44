import type { Range } from './ranges.ts'
import type { Changes, DeadLetter, Parked } from './rows.ts'

/** What has changed since the last write was sent, and who waits for it to be stored. */
export interface Gather {
  /** Something other than progress: it is written at once. */
  readonly urgent: boolean
  /** Events that progressed. */
  readonly progress: number
  readonly isEmpty: boolean
  /** When the first change came; Infinity while there is none. */
  readonly since: number
  /** An event was passed without a row. */
  advance(now: number): void
  park(row: Parked, now: number): void
  update(offset: number, attempts: number, due: number, now: number): void
  /** Its row is no longer needed. */
  unpark(offset: number, now: number): void
  bury(letter: DeadLetter, now: number): void
  /** Calls when what is gathered now is stored. */
  whenStored(go: () => void): void
  changes(number: number, position: number, ranges: readonly Range[]): Changes
  /** All that waits for this to be stored. */
  readonly waiting: readonly (() => void)[]
}

/** Nothing gathered yet. */
export function createGather(): Gather {
  const park = new Map<number, Parked>()
  const update = new Map<number, Changes['update'][number]>()
  const unpark: number[] = []
  const dead: DeadLetter[] = []
  const waiting: (() => void)[] = []
  let urgent = false
  let progress = 0
  let since = Number.POSITIVE_INFINITY

  function note(now: number, isUrgent: boolean): void {
    if (since > now) since = now
    if (isUrgent) urgent = true
  }

  return {
    get urgent() {
      return urgent
    },
    get progress() {
      return progress
    },
    get since() {
      return since
    },
    get isEmpty() {
      return since === Number.POSITIVE_INFINITY
    },
    waiting,
    advance(now) {
      progress++
      note(now, false)
    },
    park(row, now) {
      park.set(row.record.offset, row)
      note(now, true)
    },
    update(offset, attempts, due, now) {
      const parked = park.get(offset)
      if (parked) park.set(offset, { record: parked.record, attempts, due })
      else update.set(offset, { offset, attempts, due })
      note(now, true)
    },
    unpark(offset, now) {
      progress++
      update.delete(offset)
      if (!park.delete(offset)) unpark.push(offset)
      note(now, false)
    },
    bury(letter, now) {
      dead.push(letter)
      note(now, true)
    },
    whenStored(go) {
      waiting.push(go)
    },
    changes: (number, position, ranges) => ({
      number,
      position,
      ranges,
      park: [...park.values()],
      update: [...update.values()],
      unpark,
      dead,
    }),
  }
}
