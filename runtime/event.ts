import type * as z from 'zod'

/** One kind of fact: its CloudEvents type, the topic it travels on, the shape of its data, and what its order hangs on. */
export interface EventType<data = unknown, type extends string = string> {
  /** Ends in a version: `mezz.dataset.ingested.v1`. */
  readonly type: type
  readonly topic: string
  readonly data: z.ZodType<data>
  /** Events of one key arrive in the order of their commits. */
  key(data: data): string
}

/** Declares an event type; its data is checked when it is emitted and when it arrives. */
export function defineEvent<data, const type extends string>(event: EventType<data, type>): EventType<data, type> {
  return event
}

/** Bytes of an event's data at most; what is bigger is an object that the event names. */
export const MOST_DATA = 256 * 1024

/** A CloudEvent 1.0 as it lies in the outbox, in a topic and on the wire (HTTP binary mode). */
export interface Envelope {
  readonly id: string
  /** `/<team>/<function>`, or `/<team>/external/<caller>`. */
  readonly source: string
  readonly type: string
  readonly subject: string
  readonly partitionkey: string
  /** ISO 8601, UTC. */
  readonly time: string
  readonly traceparent: string
  readonly authtype: string
  readonly authid: string
  /** The event or request that led here. */
  readonly causationid: string
  /** The first of the chain. */
  readonly correlationid: string
  /** JSON text, exactly as it was stored: at most 256 KiB. */
  readonly data: string
}

/** The attributes of an envelope that travel as `ce-…` headers, in a fixed order. */
export const ATTRIBUTES = [
  'id',
  'source',
  'type',
  'subject',
  'partitionkey',
  'time',
  'traceparent',
  'authtype',
  'authid',
  'causationid',
  'correlationid',
] as const
