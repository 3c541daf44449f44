import type { Range } from './ranges.ts'

/** Where a partition stands. */
export interface Standing {
  readonly position: number
  readonly ranges: readonly Range[]
}

/** What a claim must know of the trigger and of the log. */
export interface Start {
  /** Where a trigger begins that has no position yet. */
  readonly startFrom: 'earliest' | 'latest'
  /** Of the log, now. What was stored under another `identity` belongs to a topic that is gone. */
  readonly bounds: { readonly low: number; readonly high: number; readonly identity: string }
}

/** Where an owner begins: where the last one stood, and below the log's end also when the log has lost its end (new records get those offsets again). */
export function beginning(stored: Standing | null, { startFrom, bounds: { low, high } }: Start): Standing {
  if (!stored) return { position: startFrom === 'earliest' ? low : high, ranges: [] }
  return {
    position: Math.min(stored.position, high),
    ranges: stored.ranges.flatMap(([from, to]): Range[] => (from < high ? [[from, Math.min(to, high)]] : [])),
  }
}
