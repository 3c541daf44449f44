import type { Assignment } from '../topics.ts'
import type { KafkaLog } from './kafka-log.ts'
import type { KafkaStretch } from './kafka-stretch.ts'
import { extended, found, shortened, sizeOf } from './kafka-stretch.ts'
import { waitingRoom } from './waiting-room.ts'

/**
 * What a partition's readers share. A reader that is behind asks the log itself, at its own place; those at the end share
 * the stream of the group's consumer, which wakes them and brings what is new.
 */
export interface KafkaShelf extends Pick<Assignment, 'read'> {
  /** What the stream brought. It is believed for what it is, one stretch of the log, and not for where the stream should stand. */
  brought(stretch: KafkaStretch): void
  /** The stream is another one, or its place is not known any more: it stands still. */
  lost(): void
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
/** Readers behind for whom the rest of an answer is kept. */
const BEHIND = 2

export function kafkaShelf({ topic, partition, log, stream }: KafkaShelfOptions): KafkaShelf {
  const room = waitingRoom()
  let newest: KafkaStretch = { from: 0, next: 0, records: [] }
  let behind: readonly KafkaStretch[] = []
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
    // Whoever waits for the stream at another place has to look for itself.
    if (tail !== offset) call()
    tail = stream.place(offset) ? offset : undefined
    ahead = 0
  }
  const kept = (offset: number) => [newest, ...behind].find(({ from, next }) => from <= offset && offset < next)

  return {
    async read(asked, { most, signal }) {
      let at = asked
      let isTold = true
      while (!signal.aborted) {
        const stretch = kept(at)
        if (stretch) {
          const records = found(stretch, at, most)
          if (records.length > 0) return records
          at = stretch.next
          continue
        }
        if (!isTold || at !== tail) {
          const { records, next, end } = await log.fetch(topic, partition, at)
          const others = behind.filter((one) => one.next !== at)
          if (next > at) {
            // Where none is left of what was asked for, the log begins only here.
            behind = [{ from: records.length > 0 ? at : next, next, records }, ...others].slice(0, BEHIND)
            if (records.length === 0) at = next
            continue
          }
          behind = others
          if (kept(at)) continue
          if (end === null) place(at)
          else if (tail === undefined || !isTold) place(end)
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
      const added = sizeOf(stretch)
      newest = shortened(stretch.from === newest.next ? extended(newest, stretch) : stretch, MOST)
      tail = newest.next
      ahead = waiting > 0 ? added : ahead + added
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
