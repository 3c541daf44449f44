import type { Context } from 'hono'
import { HTTPException } from 'hono/http-exception'
import { requestContext } from './context.ts'
import { codeOf, PlatformError, problem } from './errors.ts'
import { AlreadyHandled } from './handled.ts'

/** The one door by which errors leave an app: RFC 9457 problem details with the request's trace id; an event that was handled meanwhile is answered 204. */
export function refuse(error: Error, c: Context): Response {
  // Hono keeps the error in `c.error`, where the log line of the request finds it with its cause.
  if (error instanceof AlreadyHandled) {
    c.error = undefined
    return c.body(null, 204)
  }
  const known = error instanceof HTTPException ? fromHono(error) : error
  const document = problem(known, requestContext.getStore()?.trace.traceId)
  if (known instanceof PlatformError && known.retryAfter !== undefined)
    c.header('Retry-After', String(known.retryAfter))
  return c.json(document, document.status, { 'Content-Type': 'application/problem+json' })
}

function fromHono(error: HTTPException): Error {
  const code = codeOf(error.status)
  return code ? new PlatformError(code, error.message || 'the request is not right', { cause: error }) : error
}
