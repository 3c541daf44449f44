import type { Handover } from '../../runtime/hand-over.ts'
import type { RequestSeries } from '../../runtime/request-series.ts'
import { together } from '../../runtime/request-series.ts'

/** What functions have counted, summed over all of their processes, those that are gone too. */
export interface FunctionCounts {
  /** Takes what a process hands over; false where it is older than what is known. */
  take(handover: Handover): boolean
  /** A process has ended, however: its counters stay in the sum. */
  ended(pid: number): void
  /** By function. */
  series(): ReadonlyMap<string, readonly RequestSeries[]>
  /** By function: processes that ended before they had handed their last counters over. */
  lost(): ReadonlyMap<string, number>
}

/** Processes that have ended and may still be heard of: their last words can arrive after the news of their end. */
const MOST_ENDED = 64

/** Knows nothing yet. */
export function createFunctionCounts(): FunctionCounts {
  const sums = new Map<string, readonly RequestSeries[]>()
  const lost = new Map<string, number>()
  const living = new Map<string, Handover>()
  const ended = new Map<string, Handover>()

  function fold(): void {
    for (const [instance, { function: name, last, series }] of ended) {
      if (ended.size <= MOST_ENDED) return
      ended.delete(instance)
      sums.set(name, together([...(sums.get(name) ?? []), ...series]))
      if (!last) lost.set(name, (lost.get(name) ?? 0) + 1)
    }
  }

  return {
    take(handover) {
      const { instance, number, last } = handover
      const place = [living, ended].find((some) => some.has(instance))
      const known = place?.get(instance)
      // Of a process that is not known only the first: what it says later is in the sum already.
      if (number < (known?.number ?? number) || (!known && number > 1)) return false
      const into = place ?? (last ? ended : living)
      into.set(instance, handover)
      fold()
      return true
    },
    ended(pid) {
      for (const [instance, handover] of living) {
        if (handover.pid !== pid) continue
        living.delete(instance)
        ended.set(instance, handover)
      }
      fold()
    },
    series() {
      const all = Map.groupBy([...living.values(), ...ended.values()], (one) => one.function)
      const names = new Set([...sums.keys(), ...all.keys()])
      return new Map(
        [...names].map((name) => {
          const some = (all.get(name) ?? []).flatMap(({ series }) => series)
          return [name, together([...(sums.get(name) ?? []), ...some])]
        }),
      )
    },
    lost() {
      const all = new Map(lost)
      for (const { function: name, last } of ended.values()) if (!last) all.set(name, (all.get(name) ?? 0) + 1)
      return all
    },
  }
}
