import type { Gather } from './gather.ts'
import type { Entry, Lane } from './lanes.ts'
import type { Limits } from './limits.ts'
import type { Policy } from './policy.ts'
import { createQueue } from './queue.ts'
import type { Passed } from './ranges.ts'

/** The rows of a partition: which events are parked, and what is parked behind them. */
export interface Parking {
  readonly rows: number
  /** The bound is reached: the partition begins nothing new until rows are gone. */
  readonly isFull: boolean
  /** Counts a row that the claim has found. */
  found(entry: Entry): void
  park(entry: Entry, due: number): void
  /** Parks what stands behind a waiting head, as far as there is room. */
  parkBehind(lane: Lane): void
  /** Parks what did not find room before. */
  fill(): void
  /** The event is handled or dead: it is passed, and its row goes. */
  leave(entry: Entry): void
}

export interface ParkingOptions {
  readonly order: Policy['order']
  readonly limits: Limits
  readonly passed: Passed
  readonly gather: Gather
  now(): number
}

/** No rows yet. What is parked of a lane is always its beginning, so that a takeover finds it in order. */
export function createParking({ order, limits, passed, gather, now }: ParkingOptions): Parking {
  const crowded = createQueue<Lane>()
  let rows = 0

  const isFull = () => rows >= limits.parked

  function pass({ record: { offset } }: Entry): void {
    passed.add(offset, offset + 1)
  }

  function found(entry: Entry): void {
    entry.row = true
    entry.lane.lastRow = entry
    rows++
  }

  function park(entry: Entry, due: number): void {
    found(entry)
    pass(entry)
    entry.due = due
    gather.park({ record: entry.record, attempts: entry.attempts, due }, now())
  }

  function parkBehind(lane: Lane): void {
    if (order !== 'key') return
    while (lane.lastRow?.behind) {
      if (isFull()) {
        if (!lane.inLine) crowded.push(lane)
        lane.inLine = true
        return
      }
      park(lane.lastRow.behind, now())
    }
  }

  return {
    get rows() {
      return rows
    },
    get isFull() {
      return isFull()
    },
    found,
    park,
    parkBehind,
    fill() {
      while (crowded.size > 0 && !isFull()) {
        const lane = crowded.shift()
        if (!lane) break
        lane.inLine = false
        if (lane.waiting) parkBehind(lane)
      }
    },
    leave(entry) {
      if (entry.row) {
        rows--
        gather.unpark(entry.record.offset, now())
      } else {
        pass(entry)
        gather.advance(now())
      }
    },
  }
}
