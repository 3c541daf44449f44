import type { Budget } from '../../../runtime/define.ts'

/** What holds where a trigger says nothing of it: a fault of the target, not of its events, is seen within a minute. */
export const BUDGET: Budget = { share: 0.5, within: 60, least: 20 }

/** Counts how events ended, and says when too many of them died. */
export interface DeathBudget {
  handled(): void
  /** Whether one more may die; one that may is counted. */
  mayBury(): boolean
  /** Begins anew. */
  reset(): void
}

/** Counts by whole seconds of `now` (milliseconds), so that memory does not grow with the events. */
export function createBudget({ share, within, least }: Budget, now: () => number): DeathBudget {
  const seconds = new Map<number, { handled: number; dead: number }>()

  function current(): { handled: number; dead: number } {
    const second = Math.floor(now() / 1000)
    for (const old of seconds.keys()) {
      if (old > second - within) break
      seconds.delete(old)
    }
    const found = seconds.get(second) ?? { handled: 0, dead: 0 }
    seconds.set(second, found)
    return found
  }

  return {
    handled() {
      current().handled++
    },
    mayBury() {
      const mine = current()
      const all = [...seconds.values()]
      const dead = all.reduce((sum, one) => sum + one.dead, 1)
      const ended = all.reduce((sum, one) => sum + one.handled, dead)
      if (dead > least && dead > share * ended) return false
      mine.dead++
      return true
    },
    reset: () => seconds.clear(),
  }
}
