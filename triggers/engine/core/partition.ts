import type { Claimed } from '../../../runtime/ledger.ts'
import type { LogRecord } from '../../../runtime/topics.ts'
import { createHeap } from './heap.ts'
import { createIntake } from './intake.ts'
import type { Io } from './io.ts'
import type { Entry, Lane } from './lanes.ts'
import { createLanes } from './lanes.ts'
import type { Limits } from './limits.ts'
import { createParking } from './parking.ts'
import type { Outcome, Policy } from './policy.ts'
import { backoff, judge, TOO_OLD } from './policy.ts'
import { createQueue } from './queue.ts'
import { createPassed } from './ranges.ts'
import type { Slots } from './slots.ts'
import { createWriter } from './writer.ts'

/** One partition of a topic, as one trigger delivers it, from a claim until another's. */
export interface Partition {
  readonly epoch: number
  /** To be called at the time that `io.wake` named; too early or too often does no harm. */
  tick(): void
  /** Starts no delivery and no read until it is resumed; what is in flight ends as usual. */
  pause(reason: string): void
  resume(): void
  /** Pauses for good, and calls when all that was in flight has ended and is stored, or was fenced. */
  close(closed: () => void): void
  /** Gives it up at once: what is in flight no longer counts. */
  abandon(): void
  status(): PartitionStatus
}

export interface PartitionStatus {
  readonly position: number
  /** The offset to read next: the lag is the log's high bound less this, and what is held. */
  readonly next: number
  /** Events in memory, the parked ones and those in flight included. */
  readonly held: number
  readonly parked: number
  readonly inFlight: number
  /** Events that could be delivered now, were there a slot. */
  readonly runnable: number
  /** When the first that waits is due; `null` where none waits. */
  readonly nextDue: number | null
  /** Grows with all that it does. */
  readonly moves: number
  readonly paused: string | null
}

export interface PartitionOptions {
  readonly policy: Policy
  readonly limits: Limits
  /** Shared by the partitions of the trigger. */
  readonly slots: Slots
  readonly claimed: Claimed
  /** Why it begins paused, if it does. */
  readonly paused?: string | undefined
  readonly io: Io
  /** Whether a record is one of the trigger's; by default all of the topic are. */
  isMeant?(record: LogRecord): boolean
}

/**
 * The heart of the delivery engine: reads a partition, delivers each event in its order until it is handled or dead,
 * and lets its position pass none that is not handled, dead-lettered or parked in the ledger. Begins at once.
 */
export function createPartition(options: PartitionOptions): Partition {
  const { policy, limits, slots, claimed, io } = options
  const passed = createPassed(claimed)
  const lanes = createLanes(policy.order)
  const due = createHeap<Lane>()
  const retries = createQueue<Lane>()
  const fresh = createQueue<Lane>()
  const writer = createWriter({ passed, limits, io, stored: settle, failed: arm, fenced })
  const { gather } = writer
  const parking = createParking({ order: policy.order, limits, passed, gather, now: io.now })
  const isOpen = () => !isVoid && !closed
  const { isMeant = () => true } = options
  const intake = createIntake({ from: claimed.position, passed, limits, gather, io, isOpen, isMeant, enter, settle })
  const taker = { take }

  let paused = options.paused ?? null
  let closed: (() => void) | undefined
  let isVoid = false
  let wakeAt = Number.POSITIVE_INFINITY
  let held = 0
  let characters = 0
  /** Deliveries that have a slot, and those of them that wait until their attempt is written. */
  let inFlight = 0
  let starting = 0
  let moves = 0

  for (const { record, attempts, due } of [...claimed.parked].sort((a, b) => a.record.offset - b.record.offset)) {
    const entry = append(record)
    parking.found(entry)
    Object.assign(entry, { attempts, written: attempts, due })
    if (entry.lane.head === entry) proceed(entry.lane)
  }
  settle()

  function enter(record: LogRecord): void {
    moves++
    const { lane } = append(record)
    if (lane.head?.record === record) proceed(lane)
    else if (lane.waiting) parking.parkBehind(lane)
  }

  function append(record: LogRecord): Entry {
    held++
    characters += record.value.length
    return lanes.append(record)
  }

  /** Puts a lane where its head belongs: among those that can start, or those that wait for their time. */
  function proceed(lane: Lane): void {
    const { head } = lane
    if (!head) return
    lane.waiting = head.due > io.now()
    if (lane.waiting) {
      due.push(head.due, lane)
      parking.parkBehind(lane)
    } else {
      if (head.row) retries.push(lane)
      else fresh.push(lane)
      slots.request(taker)
    }
  }

  function canStart(): boolean {
    if (!isOpen() || paused !== null) return false
    return retries.size > 0 || (fresh.size > 0 && !parking.isFull)
  }

  function take(): boolean {
    if (!canStart()) return false
    const entry = nextOfUse()
    if (!entry) return false
    inFlight++
    if (entry.attempts === 0 || entry.written > entry.attempts) fly(entry)
    else announce(entry)
    return true
  }

  /** What is too old is buried on the way. */
  function nextOfUse(): Entry | undefined {
    for (;;) {
      const entry = (retries.shift() ?? fresh.shift())?.head
      if (!entry || !io.isTooOld(entry.record)) return entry
      bury(entry, TOO_OLD)
      writer.write(false)
      if (!canStart()) return undefined
    }
  }

  /** An attempt beyond the first is written before it starts. */
  function announce(entry: Entry): void {
    const attempt = entry.attempts + 1
    starting++
    gather.update(entry.record.offset, attempt, entry.due, io.now())
    gather.whenStored(() => {
      starting--
      entry.written = attempt
      if (paused === null && !closed) {
        fly(entry)
      } else {
        proceed(entry.lane)
        free()
      }
    })
    writer.write(false)
  }

  function fly(entry: Entry): void {
    moves++
    entry.attempts++
    io.deliver({ record: entry.record, attempt: entry.attempts }, (outcome) => {
      moves++
      if (!isVoid) answered(entry, outcome)
      free()
      settle()
    })
  }

  function free(): void {
    inFlight--
    slots.release()
  }

  function answered(entry: Entry, outcome: Outcome): void {
    const verdict = judge(outcome)
    if (verdict === 'done') {
      parking.leave(entry)
      advance(entry)
    } else if (verdict === 'refused') refuse(entry, outcome)
    else if (verdict === 'retry' && entry.attempts < policy.attempts) retry(entry, outcome)
    else if (io.mayBury(entry.record, outcome)) bury(entry, outcome)
    else putBack(entry)
  }

  function advance(entry: Entry): void {
    held--
    characters -= entry.record.value.length
    lanes.shift(entry.lane)
    proceed(entry.lane)
  }

  /** The next of its lane waits until the dead letter is stored: a crash before would bring this event back, after its successors. */
  function bury(entry: Entry, { code, status, message, version }: Outcome): void {
    const { record, attempts } = entry
    const error = { code, status, message, ...(version ? { version } : {}) }
    const stop = policy.afterDeadLetter === 'stop' ? `it stops after a dead letter: ${code}` : undefined
    parking.leave(entry)
    gather.bury({ record, attempts, error, at: io.now() }, io.now(), stop)
    gather.whenStored(() => advance(entry))
    if (stop === undefined) return
    paused ??= stop
    io.stopped(stop)
  }

  function retry(entry: Entry, outcome: Outcome): void {
    const at = io.now() + backoff(policy, entry.attempts, outcome, io.random())
    entry.written = entry.attempts
    if (entry.row) {
      entry.due = at
      gather.update(entry.record.offset, entry.attempts, at, io.now())
    } else {
      parking.park(entry, at)
    }
    proceed(entry.lane)
  }

  /** The answer says nothing about the event. */
  function refuse(entry: Entry, outcome: Outcome): void {
    const isFirst = paused === null
    paused ??= `refused: ${outcome.code}`
    putBack(entry)
    if (isFirst) io.refused(outcome)
  }

  /** The attempt does not count: it is made again when the trigger goes on. */
  function putBack(entry: Entry): void {
    entry.attempts--
    if (entry.written > entry.attempts) {
      entry.written = entry.attempts
      gather.update(entry.record.offset, entry.attempts, entry.due, io.now())
    }
    proceed(entry.lane)
  }

  /** After each change: what has become possible is begun. */
  function settle(): void {
    if (isVoid) return
    parking.fill()
    if (canStart()) slots.request(taker)
    if (isOpen() && paused === null && !parking.isFull && characters <= limits.characters) intake.read()
    writer.write(closed !== undefined)
    arm()
    if (closed && inFlight === 0 && writer.isIdle) end()
  }

  function arm(): void {
    const at = Math.min(writer.next, due.next)
    if (isVoid || at >= wakeAt) return
    wakeAt = at
    io.wake(at)
  }

  function fenced(): void {
    end()
    io.fenced()
  }

  /** What is in flight keeps its slot until it ends; what was only about to start gives it back. */
  function end(): void {
    isVoid = true
    writer.end()
    for (; starting > 0; starting--) free()
    closed?.()
  }

  return {
    epoch: claimed.epoch,
    tick() {
      if (isVoid) return
      wakeAt = Number.POSITIVE_INFINITY
      while (due.next <= io.now()) {
        const lane = due.pop()
        if (lane) proceed(lane)
      }
      settle()
    },
    pause(reason) {
      paused = reason
    },
    resume() {
      paused = null
      settle()
    },
    close(done) {
      closed = done
      if (isVoid) done()
      else settle()
    },
    abandon() {
      if (!isVoid) end()
    },
    status: () => ({
      position: passed.position,
      next: intake.next,
      held,
      parked: parking.rows,
      inFlight,
      runnable: canStart() ? retries.size + fresh.size : 0,
      nextDue: Number.isFinite(due.next) ? due.next : null,
      moves,
      paused,
    }),
  }
}
