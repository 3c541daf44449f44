import { PlatformError } from '../errors.ts'
import type { LogRecord } from '../topics.ts'

type NewRecord = Omit<LogRecord, 'offset'>

/** Records that go in one send, of one append. */
export interface Lot {
  readonly records: readonly NewRecord[]
  readonly bytes: number
  /** The same for all lots of one append. */
  readonly append: object
  readonly ended: Promise<void>
  stored(): void
  failed(error: unknown): void
}

/** kafkajs takes quadratic time for the records of a send; Kafka takes 1 MiB by default. */
const RECORDS = 1000
const BYTES = 900_000
/** What a record takes beside its texts, at most. */
const FRAME = 64

/** In order; a record too large for any send is refused, and then none is to be sent. */
export function cutIntoLots(records: readonly NewRecord[]): Lot[] {
  const append = {}
  const lots: Lot[] = []
  let some: NewRecord[] = []
  let bytes = 0
  const close = (): void => {
    if (some.length > 0) lots.push(newLot(some, bytes, append))
    some = []
    bytes = 0
  }
  for (const record of records) {
    const size = bytesOf(record)
    if (size > BYTES)
      throw new PlatformError('too_large', `a record of ${size} bytes is too large for the log: at most ${BYTES}`)
    if (some.length === RECORDS || bytes + size > BYTES) close()
    some.push(record)
    bytes += size
  }
  close()
  return lots
}

/** Takes from the front of the queue as many as go in one send. */
export function gather(queue: Lot[]): readonly Lot[] {
  let [records, bytes, count] = [0, 0, 0]
  for (const lot of queue) {
    records += lot.records.length
    bytes += lot.bytes
    if (count > 0 && (records > RECORDS || bytes > BYTES)) break
    count++
  }
  return queue.splice(0, count)
}

/** Two parts in order; the second is missing where there is but one record. */
export function halves<item>(items: readonly item[]): readonly [readonly item[], (readonly item[])?] {
  if (items.length < 2) return [items]
  const middle = items.length >> 1
  return [items.slice(0, middle), items.slice(middle)]
}

function newLot(records: readonly NewRecord[], bytes: number, append: object): Lot {
  const { promise: ended, resolve: stored, reject: failed } = Promise.withResolvers<void>()
  // The append waits for the first that fails; the others fail with it.
  ended.catch(() => undefined)
  return { records, bytes, append, ended, stored, failed }
}

function bytesOf({ key, headers, value }: NewRecord): number {
  let bytes = FRAME + Buffer.byteLength(key) + Buffer.byteLength(value)
  for (const [name, text] of Object.entries(headers)) bytes += Buffer.byteLength(name) + Buffer.byteLength(text) + 10
  return bytes
}
