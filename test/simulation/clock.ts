import { createHeap } from '../../triggers/engine/core/heap.ts'

/** Time that passes only from one thing to do to the next. */
export interface SimulatedClock {
  readonly now: number
  after(milliseconds: number, run: () => void): void
  /** Runs until nothing is left to do; answers false where there still is after so many steps. `probe` is called before time passes. */
  run(steps: number, probe: () => void): boolean
}

/** Starts at one million, so that a time of zero is seen as a mistake. */
export function createClock(): SimulatedClock {
  const todo = createHeap<() => void>()
  let now = 1_000_000
  return {
    get now() {
      return now
    },
    after(milliseconds, run) {
      todo.push(now + milliseconds, run)
    },
    run(steps, probe) {
      for (let step = 0; step < steps; step++) {
        if (todo.size === 0) return true
        if (todo.next > now) probe()
        now = todo.next
        todo.pop()?.()
      }
      return todo.size === 0
    },
  }
}
