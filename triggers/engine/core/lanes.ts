import type { LogRecord } from '../../../runtime/topics.ts'

/** An event on its way through a partition. */
export interface Entry {
  readonly record: LogRecord
  readonly lane: Lane
  behind: Entry | undefined
  /** Attempts that count: each delivery but those that were refused for the engine's identity. */
  attempts: number
  /** Whether it is parked. */
  row: boolean
  /** The attempts that its row is known to hold. */
  written: number
  due: number
}

/** Events that go one after the other; only its head is delivered. */
export interface Lane {
  readonly key: string | null
  head: Entry | undefined
  tail: Entry | undefined
  /** The last of those, from the head on, that are parked. */
  lastRow: Entry | undefined
  /** Its head waits for its time. */
  waiting: boolean
  /** It stands in line for room among the parked. */
  inLine: boolean
}

/** The lanes of a partition, by what must arrive in order. */
export interface Lanes {
  /** Puts a record at the end of its lane. */
  append(record: LogRecord): Entry
  /** Takes the head of a lane out; answers with the next. */
  shift(lane: Lane): Entry | undefined
}

/** No lanes yet. */
export function createLanes(order: 'key' | 'partition' | 'none'): Lanes {
  const lanes = new Map<string, Lane>()

  function laneOf(record: LogRecord): Lane {
    if (order === 'none') return createLane(null)
    const key = order === 'key' ? record.key : ''
    const known = lanes.get(key)
    if (known) return known
    const lane = createLane(key)
    lanes.set(key, lane)
    return lane
  }

  return {
    append(record) {
      const lane = laneOf(record)
      const entry: Entry = {
        record,
        lane,
        behind: undefined,
        attempts: 0,
        row: false,
        written: 0,
        due: 0,
      }
      if (lane.tail) lane.tail.behind = entry
      else lane.head = entry
      lane.tail = entry
      return entry
    },
    shift(lane) {
      if (lane.lastRow === lane.head) lane.lastRow = undefined
      lane.head = lane.head?.behind
      if (!lane.head && lane.key !== null) lanes.delete(lane.key)
      return lane.head
    },
  }
}

function createLane(key: string | null): Lane {
  return { key, head: undefined, tail: undefined, lastRow: undefined, waiting: false, inLine: false }
}
