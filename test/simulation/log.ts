import type { LogRecord } from '../../runtime/topics.ts'
import type { SimulatedClock } from './clock.ts'
import type { Random } from './random.ts'

/** A topic in memory whose answers come late, short, or with a record that was read before. */
export interface SimulatedLog {
  append(partition: number, record: LogRecord): void
  read(partition: number, from: number, most: number, answer: (records: readonly LogRecord[]) => void): void
}

/** An empty log. */
export function createLog(clock: SimulatedClock, random: Random): SimulatedLog {
  const partitions = new Map<number, LogRecord[]>()
  const waiting = new Map<number, (() => void)[]>()
  const recordsOf = (partition: number) => {
    const records = partitions.get(partition) ?? []
    partitions.set(partition, records)
    return records
  }

  return {
    append(partition, record) {
      recordsOf(partition).push(record)
      const readers = waiting.get(partition) ?? []
      waiting.delete(partition)
      for (const wake of readers) clock.after(0, wake)
    },
    read(partition, from, most, answer) {
      const look = () => {
        const records = recordsOf(partition)
        const at = records.findIndex(({ offset }) => offset >= from)
        if (at < 0) {
          waiting.set(partition, [...(waiting.get(partition) ?? []), look])
          return
        }
        const first = at > 0 && random.chance(0.05) ? at - 1 : at
        answer(records.slice(first, at + (random.chance(0.2) ? 1 : most)))
      }
      clock.after(random.between(0, 4), look)
    },
  }
}
