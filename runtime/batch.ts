import type { Context, MiddlewareHandler } from 'hono'
import * as z from 'zod'
import { encodeAttribute } from './ce-headers.ts'
import { requestContext } from './context.ts'
import { PlatformError } from './errors.ts'
import { MOST_DATA } from './event.ts'
import { readJson } from './json.ts'

const TYPE = 'application/cloudevents-batch+json'
/** Bytes of a batch, and of one event that is too big for a batch alone. */
const MOST_BYTES = 4 * 1024 * 1024 + MOST_DATA
const MOST_EVENTS = 1000
/** Events of a batch that are handled at once. */
const PARALLEL = 8

const Batch = z
  .array(
    z.looseObject({
      specversion: z.literal('1.0'),
      id: z.string().min(1),
      source: z.string().min(1),
      type: z.string().min(1),
      datacontenttype: z.string().optional(),
      data: z.unknown(),
    }),
  )
  .max(MOST_EVENTS)
type Event = z.infer<typeof Batch>[number]

const Problem = z.object({ code: z.string(), detail: z.string().optional() })

/**
 * Takes CloudEvents' HTTP batch mode (v1.0.2 §3.3) apart: each event goes through the app by itself, to the same path, as
 * if it had come alone, and is answered by itself: 200 `{items: [{id, status, code?, detail?, retryAfter?}]}`, in their order.
 */
export function takeApart(dispatch: (request: Request, c: Context) => Response | Promise<Response>): MiddlewareHandler {
  return async function takeApart(c, next) {
    if (c.req.header('content-type')?.split(';')[0]?.trim().toLowerCase() !== TYPE) return next()
    if (requestContext.getStore()?.caller?.kind !== 'engine')
      throw new PlatformError('unauthenticated', 'events are delivered by the engine alone: send them to /_mezz/events')
    const parsed = Batch.safeParse(await readJson(c, MOST_BYTES))
    if (!parsed.success) {
      const errors = parsed.error.issues.map(({ path, message }) => ({
        pointer: `/${path.join('/')}`,
        reason: message,
      }))
      throw new PlatformError('invalid_input', 'the body is no batch of CloudEvents 1.0', { errors })
    }
    const items: unknown[] = new Array(parsed.data.length)
    const left = parsed.data.entries()
    const handle = async (): Promise<void> => {
      for (const [at, event] of left) items[at] = await itemOf(event, await dispatch(requestOf(event, c), c))
    }
    await Promise.all(Array.from({ length: PARALLEL }, handle))
    return c.json({ items })
  }
}

function requestOf({ data, datacontenttype = 'application/json', ...attributes }: Event, c: Context): Request {
  const headers = new Headers({ 'content-type': datacontenttype })
  const authorization = c.req.header('authorization')
  if (authorization) headers.set('authorization', authorization)
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'string' && /^[a-z0-9]+$/.test(name)) headers.set(`ce-${name}`, encodeAttribute(value))
  }
  if (typeof attributes['traceparent'] === 'string') headers.set('traceparent', attributes['traceparent'])
  return new Request(c.req.url, { method: 'POST', headers, body: JSON.stringify(data ?? null) })
}

async function itemOf({ id }: Event, response: Response): Promise<object> {
  const { status, headers } = response
  if (status < 300) return { id, status }
  const problem = Problem.safeParse(await response.json().catch(() => undefined))
  const after = Number(headers.get('retry-after') ?? Number.NaN)
  return { id, status, ...problem.data, ...(Number.isFinite(after) ? { retryAfter: after } : {}) }
}
