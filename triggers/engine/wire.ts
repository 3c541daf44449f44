import { encodeAttribute } from '../../runtime/ce-headers.ts'
import type { Envelope } from '../../runtime/event.ts'
import { ATTRIBUTES } from '../../runtime/event.ts'
import type { LogRecord } from '../../runtime/topics.ts'

/** CloudEvents' Kafka binding, binary mode (v1.0.2 §3.2): attributes as `ce_…` headers, the data as the value. */
export function toRecord(envelope: Envelope): Omit<LogRecord, 'offset'> {
  const headers = Object.fromEntries(ATTRIBUTES.map((name) => [`ce_${name}`, envelope[name]]))
  return {
    key: envelope.partitionkey,
    headers: { ce_specversion: '1.0', ...headers, 'content-type': 'application/json' },
    value: envelope.data,
  }
}

/** The same attributes as HTTP headers (HTTP binding, binary mode §3.1): what a function is posted. */
export function httpHeaders(record: Pick<LogRecord, 'headers'>): Record<string, string> {
  const headers = Object.entries(record.headers).map(([name, value]) => [
    name.startsWith('ce_') ? `ce-${name.slice(3)}` : name,
    name.startsWith('ce_') ? encodeAttribute(value) : value,
  ])
  return Object.fromEntries(headers)
}

/** An event as JSON (CloudEvents JSON format v1.0.2): what a batch is made of. */
export function structured({ headers, value }: Pick<LogRecord, 'headers' | 'value'>): string {
  const attributes = Object.entries(headers).flatMap(([name, text]) =>
    name.startsWith('ce_') ? [[name.slice(3), text]] : [],
  )
  const { 'content-type': type = 'application/json' } = headers
  const head = JSON.stringify({ ...Object.fromEntries(attributes), datacontenttype: type })
  return `${head.slice(0, -1)},"data":${value}}`
}

/** The attribute of a record, or an empty text. */
export function attribute(record: Pick<LogRecord, 'headers'>, name: string): string {
  return record.headers[`ce_${name}`] ?? ''
}
