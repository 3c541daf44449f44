import type { LogRecord } from '../topics.ts'

/** All records of a partition from an offset up to the next to read: an offset between them has none. */
export interface KafkaStretch {
  readonly from: number
  readonly next: number
  readonly records: readonly LogRecord[]
}

/** Characters that a record takes beside its value, about. */
const FRAME = 200

export function sizeOf({ records }: KafkaStretch): number {
  return records.reduce((total, { value }) => total + value.length + FRAME, 0)
}

/** Its records from an offset on, at most so many. */
export function found({ records }: KafkaStretch, offset: number, most: number): readonly LogRecord[] {
  let [low, high] = [0, records.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((records[middle]?.offset ?? 0) < offset) low = middle + 1
    else high = middle
  }
  return records.slice(low, low + most)
}

/** Both as one; the second begins where the first ends. */
export function extended(first: KafkaStretch, second: KafkaStretch): KafkaStretch {
  return { from: first.from, next: second.next, records: [...first.records, ...second.records] }
}

/** Without its first records, as far as it is larger than that; the last stays. */
export function shortened(stretch: KafkaStretch, most: number): KafkaStretch {
  const { records, next } = stretch
  let left = sizeOf(stretch)
  if (left <= most) return stretch
  let gone = 0
  while (left > most && gone < records.length - 1) left -= (records[gone++]?.value.length ?? 0) + FRAME
  return { from: records[gone]?.offset ?? next, next, records: records.slice(gone) }
}
