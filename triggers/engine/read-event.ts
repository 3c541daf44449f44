import type { Context } from 'hono'
import * as z from 'zod'
import { decodeAttribute } from '../../runtime/ce-headers.ts'
import { PlatformError } from '../../runtime/errors.ts'
import { MOST_DATA } from '../../runtime/event.ts'
import { readJson } from '../../runtime/json.ts'
import { pointer } from '../../runtime/validate.ts'
import type { Said } from './outside.ts'
import { Attribute } from './outside.ts'

/** Bytes of a body at most: the data, and room for the attributes and for blanks between its words. */
const MOST_BODY = MOST_DATA + 64 * 1024

const Attributes = z.object({
  specversion: z.literal('1.0'),
  type: Attribute,
  id: Attribute.min(1).optional(),
  source: Attribute.optional(),
  subject: Attribute.optional(),
  partitionkey: Attribute.optional(),
})
const Structured = z.looseObject({ data: z.unknown().optional() })

/** The CloudEvent 1.0 that a request brings, in structured or in binary mode; reads at most 320 KiB. Throws `invalid_input`, `too_large` or `unsupported_media_type`. */
export async function readEvent(c: Context): Promise<Said> {
  const isStructured = c.req.header('content-type')?.trim().toLowerCase().startsWith('application/cloudevents+json')
  const body = await readJson(c, MOST_BODY)
  if (!isStructured) return { ...attributes(headersOf(c), 'ce-'), data: body }
  const parsed = Structured.safeParse(body)
  if (!parsed.success) throw new PlatformError('invalid_input', 'the body is no CloudEvent 1.0: it is no object')
  return { ...attributes(parsed.data, ''), data: parsed.data.data }
}

function headersOf(c: Context): Record<string, string> {
  const names = Object.keys(Attributes.shape)
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = c.req.header(`ce-${name}`)
      return value === undefined ? [] : [[name, decodeAttribute(value)]]
    }),
  )
}

function attributes(given: unknown, prefix: string): Omit<Said, 'data'> {
  const parsed = Attributes.safeParse(given)
  if (!parsed.success) {
    throw new PlatformError(
      'invalid_input',
      'a CloudEvent 1.0 was expected: ce-specversion: 1.0 and ce-type, or application/cloudevents+json',
      {
        errors: parsed.error.issues.map(({ path: [name = '', ...rest], message }) => ({
          pointer: pointer([`${prefix}${String(name)}`, ...rest]),
          reason: message,
        })),
      },
    )
  }
  const { id, source, type, subject, partitionkey } = parsed.data
  return { id, source, type, subject, key: partitionkey }
}
