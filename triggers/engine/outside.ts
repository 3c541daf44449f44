import * as z from 'zod'
import type { Caller } from '../../runtime/context.ts'
import { PlatformError } from '../../runtime/errors.ts'
import type { Envelope, EventType } from '../../runtime/event.ts'
import { MOST_DATA } from '../../runtime/event.ts'
import { uuidOf, uuidv7 } from '../../runtime/uuid.ts'
import { pointer } from '../../runtime/validate.ts'

/** What somebody outside says: CloudEvents attributes, as they came, and the data. */
export interface Said {
  readonly id: string | undefined
  readonly source: string | undefined
  readonly type: string
  readonly subject: string | undefined
  readonly key: string | undefined
  readonly data: unknown
}

const MOST_CHARACTERS = 512

/** An attribute's value: three of them still fit into the headers of a delivery, whatever their characters. */
export const Attribute = z
  .string()
  .max(MOST_CHARACTERS)
  .regex(/^[^\p{Cc}\p{Cs}]*$/u, 'must be text without control characters (CloudEvents 1.0 §3.2)')

/**
 * An event from outside as the platform takes it in: the caller's own source, a type that somebody here knows, data as its schema says.
 * The caller and what it gives as `source` and `id` decide which event it is: one that is sent again has the same id here, so it
 * takes effect once, whatever else differs, and belongs to the same flow run. Without an `id` of the caller's each is a new one.
 */
export function fromOutside(
  said: Said,
  {
    vocabulary,
    caller,
    traceparent,
  }: { readonly vocabulary: readonly EventType[]; readonly caller: Caller; readonly traceparent: string },
): { readonly topic: string; readonly envelope: Omit<Envelope, 'time'> } {
  if (said.type.startsWith('mezz.')) {
    throw new PlatformError(
      'forbidden',
      `${said.type}: events whose type begins with mezz. are told by the platform alone`,
    )
  }
  const type = vocabulary.find((one) => one.type === said.type)
  if (!type) {
    const known = vocabulary.map((one) => one.type).filter((one) => !one.startsWith('mezz.'))
    throw new PlatformError(
      'unprocessable',
      `nothing here takes ${said.type}; known are: ${known.join(', ') || 'none'}`,
    )
  }
  const { data, key } = checkedData(type, said.data, said.key)
  const source = sourceOf(caller)
  const id = said.id === undefined ? uuidv7() : uuidOf(source, said.source ?? '', said.id)
  return {
    topic: type.topic,
    envelope: {
      id,
      source,
      type: type.type,
      subject: said.subject ?? key,
      partitionkey: key,
      traceparent,
      authtype: caller.type,
      authid: `${caller.team}/${caller.id}`,
      causationid: said.id ?? id,
      correlationid: id,
      data,
    },
  }
}

/** An event that was given up, with other data: a new one of the same flow run, which `before` caused, told by this caller. */
export function edited(
  data: unknown,
  {
    type,
    caller,
    traceparent,
    before,
  }: {
    readonly type: EventType
    readonly caller: Caller
    readonly traceparent: string
    readonly before: Pick<Envelope, 'id' | 'subject' | 'correlationid'>
  },
): Omit<Envelope, 'time'> {
  const checked = checkedData(type, data)
  return {
    id: uuidv7(),
    source: sourceOf(caller),
    type: type.type,
    subject: before.subject,
    traceparent,
    authtype: caller.type,
    authid: `${caller.team}/${caller.id}`,
    causationid: before.id,
    correlationid: before.correlationid,
    partitionkey: checked.key,
    data: checked.data,
  }
}

/** Data as JSON text, and the key that they give where none is said. Throws `invalid_input` or `too_large`. */
function checkedData(type: EventType, given: unknown, said?: string): { readonly data: string; readonly key: string } {
  const parsed = type.data.safeParse(given)
  if (!parsed.success) {
    throw new PlatformError('invalid_input', `the data is not that of ${type.type}`, {
      errors: parsed.error.issues.map(({ path, message }) => ({ pointer: pointer(path), reason: message })),
    })
  }
  const data = JSON.stringify(given ?? null)
  if (Buffer.byteLength(data) > MOST_DATA)
    throw new PlatformError('too_large', `the data has more than ${MOST_DATA} bytes`)
  const key = said ?? type.key(parsed.data)
  if (!Attribute.safeParse(key).success) {
    throw new PlatformError('invalid_input', `the data gives no key that an event of ${type.type} can have`, {
      errors: [
        { pointer: '', reason: `must be at most ${MOST_CHARACTERS} characters, none of them a control character` },
      ],
    })
  }
  return { data, key }
}

/** A URI (CloudEvents wants one), whatever letters the caller's id has. */
function sourceOf({ team, id }: Caller): string {
  return `/${team}/external/${encodeURIComponent(id)}`
}
