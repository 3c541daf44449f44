import type { Changes, DeadLetter, Parked, Range } from '../../../runtime/ledger.ts'

/** Changes on their way, and who waits for them to be stored. */
export interface Gathered {
  readonly changes: Changes
  readonly waiting: readonly (() => void)[]
}

/** Gathers what has changed until a write takes it. */
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
  /** Its row is no longer needed: a change of it that is not written yet need not be. */
  unpark(offset: number, now: number): void
  /** `stop`: the trigger stops with it, for this reason. */
  bury(letter: DeadLetter, now: number, stop?: string): void
  /** Calls when what is gathered now is stored. */
  whenStored(go: () => void): void
  /** Takes all, and begins anew. */
  take(write: { readonly number: number; readonly position: number; readonly ranges: readonly Range[] }): Gathered
}

/** Nothing gathered yet. */
export function createGather(): Gather {
  const park = new Map<number, Parked>()
  const update = new Map<number, Changes['update'][number]>()
  let unpark: number[] = []
  let dead: DeadLetter[] = []
  let stop: string | undefined
  let waiting: (() => void)[] = []
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
    get isEmpty() {
      return since === Number.POSITIVE_INFINITY
    },
    get since() {
      return since
    },
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
    bury(letter, now, reason) {
      dead.push(letter)
      stop ??= reason
      note(now, true)
    },
    whenStored(go) {
      waiting.push(go)
    },
    take(write) {
      const changes = {
        ...write,
        park: [...park.values()],
        update: [...update.values()],
        unpark,
        dead,
        ...(stop ? { stop } : {}),
      }
      const gathered = { changes, waiting }
      park.clear()
      update.clear()
      unpark = []
      dead = []
      stop = undefined
      waiting = []
      urgent = false
      progress = 0
      since = Number.POSITIVE_INFINITY
      return gathered
    },
  }
}
