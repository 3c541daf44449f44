import type { Assignment, LogRecord } from '../topics.ts'
import type { KafkaLog } from './kafka-log.ts'
import { waitingRoom } from './waiting-room.ts'

/**
 * What a partition's readers share. A reader that is behind asks the log itself, at its own place; those at the end share
 * the stream of the group's consumer, which wakes them and brings what is new.
 */
export interface KafkaShelf extends Pick<Assignment, 'read'> {
  /** What the stream brought. It is believed for what it is, records of one stretch of the log, and not for where the stream should stand. */
  brought(stretch: KafkaStretch): void
  /** The stream is another one, or its place is not known any more: it stands still. */
  lost(): void
}

/** All records from an offset up to the next to read. */
export interface KafkaStretch {
  readonly from: number
  readonly next: number
  readonly records: readonly LogRecord[]
}

export interface KafkaStream {
  /** Reads on from here; false where it cannot now, and will be lost later. */
  place(offset: number): boolean
  pause(): void
}

export interface KafkaShelfOptions {
  readonly topic: string
  readonly partition: number
  readonly log: Pick<KafkaLog, 'fetch'>
  readonly stream: KafkaStream
}

/** Milliseconds after which a reader looks for itself, whatever it was not told. */
const LOOK_AGAIN = 15_000
/** Characters that are kept for the slower of the readers at the end, and that the stream goes ahead of all. */
const MOST = 2 ** 19

export function kafkaShelf({ topic, partition, log, stream }: KafkaShelfOptions): KafkaShelf {
  const room = waitingRoom()
  let kept: LogRecord[] = []
  /** Characters of those kept. */
  let size = 0
  /** The stretch that those kept are all of. */
  let from = 0
  let end = 0
  /** Where the stream reads next; none where it stands still. */
  let tail: number | undefined
  let waiting = 0
  /** Characters that the stream brought while nobody waited. */
  let ahead = 0
  let calls = 0

  function call(): void {
    calls++
    room.call('')
  }
  function place(offset: number): void {
    tail = stream.place(offset) ? offset : undefined
    ahead = 0
  }
  function shrink(): void {
    let gone = 0
    while (size > MOST && gone < kept.length - 1) size -= sizeOf(kept[gone++])
    if (gone === 0) return
    kept = kept.slice(gone)
    from = kept[0]?.offset ?? end
  }

  return {
    async read(asked, { most, signal }) {
      let next = asked
      let isTold = true
      while (!signal.aborted) {
        if (next >= from && next < end) {
          const found = kept.slice(firstAt(kept, next)).slice(0, most)
          if (found.length > 0) return found
          next = end
        }
        if (!isTold || next !== tail) {
          const fetched = await log.fetch(topic, partition, next)
          if (fetched.records.length > 0) return fetched.records.slice(0, most)
          const isFurther = fetched.next > next
          next = fetched.next
          if (isFurther || (next >= from && next < end)) continue
          if (!fetched.isBeyond) place(next)
        }
        const before = calls
        waiting++
        await room.wait('', LOOK_AGAIN, signal)
        waiting--
        isTold = calls !== before
      }
      return []
    },
    brought(stretch) {
      const added = stretch.records.reduce((total, record) => total + sizeOf(record), 0)
      if (stretch.from === end) {
        kept.push(...stretch.records)
        size += added
      } else {
        kept = [...stretch.records]
        size = added
        from = stretch.from
      }
      end = stretch.next
      tail = end
      ahead = waiting > 0 ? added : ahead + added
      shrink()
      if (ahead > MOST) {
        stream.pause()
        tail = undefined
      }
      call()
    },
    lost() {
      tail = undefined
      call()
    },
  }
}

/** The place of the first record at or beyond an offset. */
function firstAt(records: readonly LogRecord[], offset: number): number {
  let [low, high] = [0, records.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((records[middle]?.offset ?? 0) < offset) low = middle + 1
    else high = middle
  }
  return low
}

function sizeOf(record: LogRecord | undefined): number {
  return (record?.value.length ?? 0) + 200
}
