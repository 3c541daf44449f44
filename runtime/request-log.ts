import type { Context } from 'hono'
import type { Caller, RequestContext } from './context.ts'
import { PlatformError } from './errors.ts'

/** One line for each request or event. */
export interface RequestLog {
  readonly at: string
  readonly level: 'info' | 'warn' | 'error'
  readonly function: string
  readonly method: string
  readonly path: string
  readonly status: number
  readonly ms: number
  readonly trace: string
  readonly caller?: string
  readonly event?: string
  readonly error?: string
}

/** What the log tells of a request that has its answer. */
export function requestLog(
  name: string,
  c: Context,
  { trace, caller, event }: RequestContext,
  seconds: number,
): RequestLog {
  const { status } = c.res
  return {
    at: new Date().toISOString(),
    level: status >= 500 ? 'error' : status >= 400 ? 'warn' : 'info',
    function: name,
    method: c.req.method,
    path: c.req.path,
    status,
    ms: Math.round(seconds * 1e4) / 10,
    trace: trace.traceId,
    ...callerOf(caller),
    ...(event ? { event: event.id } : {}),
    ...(c.error ? { error: told(c.error) } : {}),
  }
}

function callerOf(caller: Caller | undefined) {
  return caller ? { caller: `${caller.kind}:${caller.id}` } : {}
}

/** The error with its causes; a bug with its place. */
function told(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const self = error instanceof PlatformError ? `${error.code}: ${error.message}` : (error.stack ?? error.message)
  return error.cause === undefined ? self : `${self} ← ${told(error.cause)}`
}
