import type { Range, Standing, Start } from './ledger.ts'

/** Where an owner begins: where the last one stood, or at an end of the log where there was none. */
export function beginning(stored: Standing | null, { startFrom, bounds: { low, high } }: Start): Standing {
  return stored ?? { position: startFrom === 'earliest' ? low : high, ranges: [] }
}

/** The same below the log's end, also when the log has lost it (new records get those offsets again); `high` as it was after the claim: an earlier owner may have gone beyond an older one. */
export function withinLog({ position, ranges }: Standing, high: number): Standing {
  return {
    position: Math.min(position, high),
    ranges: ranges.flatMap(([from, to]): Range[] => (from < high ? [[from, Math.min(to, high)]] : [])),
  }
}
