import type { LogRecord } from '../../../runtime/topics.ts'
import { createHeap } from './heap.ts'
import type { Io } from './io.ts'
import type { Entry, Lane } from './lanes.ts'
import { createLanes } from './lanes.ts'
import type { Limits } from './limits.ts'
import type { Outcome, Policy } from './policy.ts'
import { backoff, judge } from './policy.ts'
import { createQueue } from './queue.ts'
import { createPassed } from './ranges.ts'
import type { Claimed } from './rows.ts'
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
  const crowded = createQueue<Lane>()
  const writer = createWriter({ passed, limits, io, stored: settle, failed: arm, fenced })
  const taker = { take }

  let next = claimed.position
  let reading = false
  let paused = options.paused ?? null
  let closed: (() => void) | undefined
  let isVoid = false
  let wakeAt = Number.POSITIVE_INFINITY
  let held = 0
  let characters = 0
  let rows = 0
  /** Deliveries that have a slot, and those of them that wait until their attempt is written. */
  let inFlight = 0
  let starting = 0

  for (const { record, attempts, due } of [...claimed.parked].sort((a, b) => a.record.offset - b.record.offset)) {
    const entry = append(record)
    Object.assign(entry, { row: true, attempts, written: attempts, due })
    entry.lane.lastRow = entry
    rows++
    if (entry.lane.head === entry) proceed(entry.lane)
  }
  settle()

  function received(records: readonly LogRecord[]): void {
    reading = false
    if (isVoid || closed) return
    for (const record of records) {
      const { offset } = record
      if (offset < next) continue
      if (offset > next) {
        passed.add(next, offset)
        writer.gather.advance(io.now())
      }
      next = offset + 1
      if (passed.has(offset)) continue
      const { lane } = append(record)
      if (lane.head?.record === record) proceed(lane)
      else if (lane.waiting) parkBehind(lane)
    }
    settle()
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
      parkBehind(lane)
    } else {
      if (head.row) retries.push(lane)
      else fresh.push(lane)
      slots.request(taker)
    }
  }

  /** Parks what stands behind a waiting head, as far as there is room. What is parked of a lane is always its beginning, so that a takeover finds it in order. */
  function parkBehind(lane: Lane): void {
    if (policy.order !== 'key') return
    while (lane.lastRow?.behind) {
      if (rows >= limits.parked) {
        if (!lane.inLine) crowded.push(lane)
        lane.inLine = true
        return
      }
      park(lane.lastRow.behind, io.now())
    }
  }

  function park(entry: Entry, at: number): void {
    entry.row = true
    entry.due = at
    entry.lane.lastRow = entry
    rows++
    pass(entry)
    writer.gather.park({ record: entry.record, attempts: entry.attempts, due: at }, io.now())
  }

  function pass({ record: { offset } }: Entry): void {
    passed.add(offset, offset + 1)
  }

  function canStart(): boolean {
    if (isVoid || paused !== null || closed) return false
    return retries.size > 0 || (fresh.size > 0 && rows < limits.parked)
  }

  function take(): boolean {
    if (!canStart()) return false
    const entry = (retries.shift() ?? fresh.shift())?.head
    if (!entry) return false
    inFlight++
    if (entry.attempts === 0 || entry.written > entry.attempts) fly(entry)
    else announce(entry)
    return true
  }

  /** An attempt beyond the first is written before it starts. */
  function announce(entry: Entry): void {
    const attempt = entry.attempts + 1
    entry.state = 'starting'
    starting++
    writer.gather.update(entry.record.offset, attempt, entry.due, io.now())
    writer.gather.whenStored(() => {
      starting--
      entry.written = attempt
      if (paused === null && !closed) {
        fly(entry)
      } else {
        entry.state = 'waiting'
        proceed(entry.lane)
        free()
      }
    })
    writer.write(false)
  }

  function fly(entry: Entry): void {
    entry.state = 'flying'
    entry.attempts++
    io.deliver({ record: entry.record, attempt: entry.attempts }, (outcome) => {
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
    entry.state = 'waiting'
    const verdict = judge(outcome)
    if (verdict === 'done') {
      leave(entry)
      advance(entry)
    } else if (verdict === 'refused') refuse(entry, outcome)
    else if (verdict === 'dead' || entry.attempts >= policy.attempts) bury(entry, outcome)
    else retry(entry, outcome)
  }

  /** The event is handled or dead: it is passed, and its row goes. */
  function leave(entry: Entry): void {
    if (entry.row) {
      rows--
      writer.gather.unpark(entry.record.offset, io.now())
    } else {
      pass(entry)
      writer.gather.advance(io.now())
    }
  }

  function advance(entry: Entry): void {
    held--
    characters -= entry.record.value.length
    lanes.shift(entry.lane)
    proceed(entry.lane)
  }

  /** The next of its lane waits until the dead letter is stored: a crash before would bring this event back, after its successors. */
  function bury(entry: Entry, { code, status, message }: Outcome): void {
    const { record, attempts } = entry
    entry.state = 'ending'
    leave(entry)
    writer.gather.bury({ record, attempts, error: { code, status, message }, at: io.now() }, io.now())
    writer.gather.whenStored(() => advance(entry))
  }

  function retry(entry: Entry, outcome: Outcome): void {
    const at = io.now() + backoff(policy, entry.attempts, outcome, io.random())
    entry.written = entry.attempts
    if (entry.row) {
      entry.due = at
      writer.gather.update(entry.record.offset, entry.attempts, at, io.now())
    } else {
      park(entry, at)
    }
    proceed(entry.lane)
  }

  /** The answer says nothing about the event: the attempt does not count. */
  function refuse(entry: Entry, outcome: Outcome): void {
    entry.attempts--
    if (entry.row) {
      entry.written = entry.attempts
      writer.gather.update(entry.record.offset, entry.attempts, entry.due, io.now())
    }
    const isFirst = paused === null
    paused ??= `refused: ${outcome.code}`
    proceed(entry.lane)
    if (isFirst) io.refused(outcome)
  }

  /** After each change: what has become possible is begun. */
  function settle(): void {
    if (isVoid) return
    while (crowded.size > 0 && rows < limits.parked) {
      const lane = crowded.shift()
      if (!lane) break
      lane.inLine = false
      if (lane.waiting) parkBehind(lane)
    }
    if (canStart()) slots.request(taker)
    read()
    writer.write(closed !== undefined)
    arm()
    if (closed && inFlight === 0 && writer.isIdle) end()
  }

  function read(): void {
    if (reading || paused !== null || closed || rows >= limits.parked || characters > limits.characters) return
    const room = limits.window - (next - passed.position)
    // To ask for one record as soon as one is done would make every read a small one.
    if (room < Math.min(limits.batch, limits.window / 2)) return
    reading = true
    io.read(next, Math.min(room, limits.batch), received)
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
    status: () => ({ position: passed.position, next, held, parked: rows, inFlight, paused }),
  }
}
