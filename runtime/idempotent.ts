import { hash } from 'node:crypto'
import type { Context, MiddlewareHandler } from 'hono'
import type { StoredAnswer } from './context.ts'
import { requestContext } from './context.ts'
import { PlatformError } from './errors.ts'
import { specified } from './routes.ts'

const KEY = /^[\x21-\x7e]{1,255}$/
const MOST_BODY = 256 * 1024
/** Answers that say nothing of the work: the same request may fare better another time. */
const PASSING = new Set([401, 403, 408, 409, 425, 429])

/**
 * Lets a POST that creates be sent again: with the same `Idempotency-Key` (per caller and route, 24 hours) it answers what it
 * answered; 409 while the first is in flight, 422 for another request. To stand behind `body()` and `query()`: what they took
 * is what is compared; of a body that no schema reads, its type and length are.
 */
export function idempotent(): MiddlewareHandler {
  async function idempotent(c: Context, next: () => Promise<void>): Promise<Response | undefined> {
    const key = c.req.header('idempotency-key')
    if (key === undefined) {
      await next()
      return undefined
    }
    if (!KEY.test(key)) {
      throw new PlatformError('invalid_input', 'the Idempotency-Key is no key: 1 to 255 printable characters', {
        errors: [{ pointer: '/idempotency-key', reason: 'must be 1 to 255 printable ASCII characters' }],
      })
    }
    const { idempotency, caller } = requestContext.getStore() ?? {}
    if (!idempotency) throw new Error('idempotent() needs a function that uses sql')
    const route = `${c.req.method} ${c.req.path}`
    const begun = await idempotency.begin({ caller: caller?.id ?? '', route, key, digest: digestOf(c) })
    if (begun === 'in flight') {
      throw new PlatformError('in_progress', 'a request of this Idempotency-Key is in flight', { retryAfter: 1 })
    }
    if (begun === 'another') {
      throw new PlatformError('key_reused', 'this Idempotency-Key was used for another request: take a new one')
    }
    if ('answer' in begun) return again(begun.answer)
    try {
      await next()
      const answer = await answerOf(c)
      if (answer) await begun.keep(answer)
    } finally {
      await begun.release()
    }
    return undefined
  }
  return specified<MiddlewareHandler>(idempotent, { idempotent: true })
}

function digestOf(c: Context): string {
  const { searchParams } = new URL(c.req.url)
  const given = [searchParams.toString(), c.req.header('content-type') ?? '', c.req.header('content-length') ?? '']
  return hash('sha256', JSON.stringify([...given, read(c)]))
}

/** The body that `body()` has read, if it has: which routes have one, this type of context does not say. */
function read(c: Context): unknown {
  return (c as Context<object, string, { out: { json: unknown } }>).req.valid('json') ?? null
}

async function answerOf(c: Context): Promise<StoredAnswer | null> {
  const { status, headers } = c.res
  if (status >= 500 || PASSING.has(status)) return null
  const body = await c.res.clone().text()
  if (body.length > MOST_BODY) return null
  return { status, type: headers.get('content-type'), location: headers.get('location'), body }
}

function again({ status, type, location, body }: StoredAnswer): Response {
  const headers = new Headers({ 'Idempotency-Replayed': 'true' })
  if (type) headers.set('Content-Type', type)
  if (location) headers.set('Location', location)
  return new Response(body === '' ? null : body, { status, headers })
}
