import type { Caller } from '../../runtime/context.ts'
import { PlatformError } from '../../runtime/errors.ts'
import type { Envelope, EventType } from '../../runtime/event.ts'
import { uuidv7 } from '../../runtime/uuid.ts'
import { pointer } from '../../runtime/validate.ts'

/** What somebody outside says: CloudEvents attributes, as they came, and the data. */
export interface Said {
  readonly id: string | undefined
  readonly type: string
  readonly subject: string | undefined
  readonly key: string | undefined
  readonly data: unknown
}

const MOST_DATA = 256 * 1024

/** An event from outside as the platform takes it in: the caller's own source, a type that somebody here knows, data as its schema says. */
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
  const parsed = type.data.safeParse(said.data)
  if (!parsed.success) {
    throw new PlatformError('invalid_input', `the data is not that of ${type.type}`, {
      errors: parsed.error.issues.map(({ path, message }) => ({ pointer: pointer(path), reason: message })),
    })
  }
  const data = JSON.stringify(said.data)
  if (Buffer.byteLength(data) > MOST_DATA)
    throw new PlatformError('too_large', `the data has more than ${MOST_DATA} bytes`)
  const id = uuidv7()
  const key = said.key ?? type.key(parsed.data)
  return {
    topic: type.topic,
    envelope: {
      id,
      source: `/${caller.team}/external/${encodeURIComponent(caller.id)}`,
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
