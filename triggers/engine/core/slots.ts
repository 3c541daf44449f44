import { createQueue } from './queue.ts'

/** One that may use slots: a partition with its queues. */
export interface Taker {
  /** Uses one slot for one delivery; false where it has nothing to deliver now. */
  take(): boolean
}

/** The deliveries that a trigger may have in flight, shared by its partitions: each that has work gets one in turn. */
export interface Slots {
  readonly used: number
  /** Says that it may have work; it is asked as soon as a slot is free. */
  request(taker: Taker): void
  /** A delivery has ended. */
  release(): void
}

/** `parallel` slots. */
export function createSlots(parallel: number): Slots {
  const queue = createQueue<Taker>()
  const queued = new Set<Taker>()
  let used = 0

  function hand(): void {
    while (used < parallel) {
      const taker = queue.shift()
      if (!taker) return
      used++
      if (taker.take()) {
        queue.push(taker)
      } else {
        used--
        queued.delete(taker)
      }
    }
  }

  return {
    get used() {
      return used
    },
    request(taker) {
      if (!queued.has(taker)) {
        queued.add(taker)
        queue.push(taker)
      }
      hand()
    },
    release() {
      used--
      hand()
    },
  }
}
