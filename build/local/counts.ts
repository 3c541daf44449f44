import type { Spent, UsageKind, UsageRow } from '../../runtime/usage.ts'

/** What was counted since it was last taken, by the hour. */
export interface Counts {
  add(kind: UsageKind, name: string, spent: Spent): void
  /** All of it, which is then forgotten. */
  take(): readonly UsageRow[]
}

const HOUR = 60 * 60 * 1000

/** Counts nothing yet. */
export function createCounts(now: () => number = Date.now): Counts {
  let rows = new Map<string, UsageRow>()

  return {
    add(kind, name, spent) {
      const hour = now() - (now() % HOUR)
      const key = `${hour} ${kind} ${name}`
      const before = rows.get(key) ?? { at: new Date(hour), kind, name }
      rows.set(key, { ...before, ...together(before, spent) })
    },
    take() {
      const taken = [...rows.values()]
      rows = new Map()
      return taken
    },
  }
}

function together(a: Spent, b: Spent): Spent {
  return {
    coreSeconds: (a.coreSeconds ?? 0) + (b.coreSeconds ?? 0),
    peakMemoryBytes: Math.max(a.peakMemoryBytes ?? 0, b.peakMemoryBytes ?? 0),
    requests: (a.requests ?? 0) + (b.requests ?? 0),
    predictions: (a.predictions ?? 0) + (b.predictions ?? 0),
  }
}
