import type { Range, Standing, Start } from './ledger.ts'

/** Where an owner begins: where the last one stood, and below the log's end also when the log has lost its end (new records get those offsets again). */
export function beginning(stored: Standing | null, { startFrom, bounds: { low, high } }: Start): Standing {
  if (!stored) return { position: startFrom === 'earliest' ? low : high, ranges: [] }
  return {
    position: Math.min(stored.position, high),
    ranges: stored.ranges.flatMap(([from, to]): Range[] => (from < high ? [[from, Math.min(to, high)]] : [])),
  }
}
