import type { Context, MiddlewareHandler } from 'hono'
import type { StoredAnswer, UsedKey } from './context.ts'
import { requestContext } from './context.ts'
import { PlatformError } from './errors.ts'
import type { GrowingDigest } from './request-digest.ts'
import { requestDigest } from './request-digest.ts'
import { specified } from './routes.ts'

const KEY = /^[\x21-\x7e]{1,255}$/
const MOST_BODY = 256 * 1024
/** Answers that say nothing of the work: the same request may fare better another time. */
const PASSING = new Set([401, 403, 408, 409, 425, 429])

/**
 * Lets a POST that creates be sent again: with the same `Idempotency-Key` (per caller and route, 24 hours) it answers what it
 * answered; 409 while the first is in flight, 422 for another request (`requestDigest` says which one is). What the handler does
 * by `sql.transaction` is done once even if its process dies: where its answer was lost, 409 `outcome_unknown`. To stand behind
 * `body()` and `query()`.
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
    const context = requestContext.getStore()
    if (!context?.idempotency) throw new Error('idempotent() needs a function that uses sql')
    const { idempotency, caller, id } = context
    const route = `${c.req.method} ${c.req.path}`
    const digest = requestDigest(c, read(c))
    const begun = await idempotency.begin({ caller: caller?.id ?? '', route, key, request: id })
    if (begun === 'in flight') {
      throw new PlatformError('in_progress', 'a request of this Idempotency-Key is in flight', { retryAfter: 1 })
    }
    if ('answer' in begun) return repeated(begun, digest)
    context.mark = (query) => begun.mark(query, digest.soFar())
    try {
      await next()
      const answer = await answerOf(c)
      // A refusal may come long before the body's end, which is not waited for then.
      const whole = answer && (answer.status < 400 ? await digest.finish() : digest.soFar())
      if (answer && whole) await begun.keep(whole, answer)
    } finally {
      await begun.release()
    }
    return undefined
  }
  return specified<MiddlewareHandler>(idempotent, {
    idempotent: true,
    errors: ['invalid_input', 'in_progress', 'outcome_unknown', 'key_reused'],
  })
}

/** The body that `body()` has read, if it has: which routes have one, this type of context does not say. */
function read(c: Context): unknown {
  return (c as Context<object, string, { out: { json: unknown } }>).req.valid('json')
}

async function answerOf(c: Context): Promise<StoredAnswer | null> {
  const { status, headers } = c.res
  if (status >= 500 || PASSING.has(status)) return null
  const body = await c.res.clone().text()
  if (body.length > MOST_BODY) return null
  return { status, type: headers.get('content-type'), location: headers.get('location'), body }
}

async function repeated({ digest, answer }: UsedKey, asked: GrowingDigest): Promise<Response> {
  const same = digest && (await asked.finish(digest.bytes))
  if (digest && same?.sha256 !== digest.sha256) {
    throw new PlatformError('key_reused', 'this Idempotency-Key was used for another request: take a new one')
  }
  if (answer) return again(answer)
  throw new PlatformError(
    'outcome_unknown',
    'the request of this Idempotency-Key took effect and its answer was lost: look at what it made before you send it by a new key',
  )
}

function again({ status, type, location, body }: StoredAnswer): Response {
  const headers = new Headers({ 'Idempotency-Replayed': 'true' })
  if (type) headers.set('Content-Type', type)
  if (location) headers.set('Location', location)
  return new Response(body === '' ? null : body, { status, headers })
}
