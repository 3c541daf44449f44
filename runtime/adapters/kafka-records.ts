import type { LogRecord } from '../topics.ts'

/** A record as kafkajs reads it (2.2.4, src/protocol/recordBatch). */
export interface KafkaMessage {
  readonly offset: string
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers?: Readonly<Record<string, HeaderValue | readonly HeaderValue[] | undefined>>
  /** Milliseconds since 1970. */
  readonly timestamp: string
}

type HeaderValue = Buffer | string | null

/** The same as a broker's answer has it, before anything is left out. */
export interface RawMessage extends KafkaMessage {
  readonly isControlRecord: boolean
  readonly batchContext: { readonly producerId: string; readonly inTransaction: boolean }
}

export interface AbortedTransaction {
  readonly producerId: string
  readonly firstOffset: string
}

/** A record in the port's words; of a header that stands there twice, the last; what is no UTF-8 is not kept. */
export function toLogRecord({ offset, key, value, headers = {} }: KafkaMessage): LogRecord {
  const texts = Object.entries(headers).map(([name, some]) => [name, textOf(some)])
  return {
    offset: Number(offset),
    key: key?.toString() ?? '',
    headers: Object.fromEntries(texts),
    value: value?.toString() ?? '',
  }
}

function textOf(value: HeaderValue | readonly HeaderValue[] | undefined): string {
  if (Buffer.isBuffer(value) || typeof value === 'string') return value.toString()
  return value ? textOf(value.at(-1)) : ''
}

const ABORT = Buffer.from([0, 0, 0, 0])

/** Leaves out what only brokers mean by, and what transactions wrote that were given up (KIP-98). */
export function visible(
  messages: readonly RawMessage[],
  aborted: readonly AbortedTransaction[],
): readonly RawMessage[] {
  const begin = [...aborted].sort((a, b) => Number(a.firstOffset) - Number(b.firstOffset))
  const open = new Set<string>()
  return messages.filter((message) => {
    const { offset, key, isControlRecord, batchContext } = message
    while (begin[0] && Number(begin[0].firstOffset) <= Number(offset)) open.add(begin.shift()?.producerId ?? '')
    if (isControlRecord) {
      if (key?.equals(ABORT)) open.delete(batchContext.producerId)
      return false
    }
    return !(batchContext.inTransaction && open.has(batchContext.producerId))
  })
}
