import type { Context, MiddlewareHandler } from 'hono'
import { Hono } from 'hono'
import { HTTPException } from 'hono/http-exception'
import type { Caller, Inbox, RequestContext } from './context.ts'
import { requestContext } from './context.ts'
import type { FunctionDefinition } from './define.ts'
import { PlatformError, problem } from './errors.ts'
import { AlreadyHandled } from './handled.ts'
import { authorize } from './identity.ts'
import type { Metrics } from './metrics.ts'
import { openapi } from './openapi.ts'
import type { PortName, Ports } from './ports.ts'
import { continueTrace } from './trace.ts'
import { uuidv7 } from './uuid.ts'

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

export interface AppOptions {
  /** Puts the caller into the request's context. */
  readonly authenticate: MiddlewareHandler
  readonly inbox?: Inbox | undefined
  readonly metrics: Metrics
  log(line: RequestLog): void
}

/** The road every request takes: trace → health → identity → scope → the function's own routes; errors leave by one door. */
export function createApp<uses extends PortName, types extends string>(
  fn: FunctionDefinition<uses, types>,
  ports: Pick<Ports<types>, uses>,
  { authenticate, inbox, metrics, log }: AppOptions,
): Hono {
  const routes = fn.app(ports)
  return (
    new Hono()
      .use(async function trace(c, next) {
        const context: RequestContext = {
          id: uuidv7(),
          inbox,
          trace: continueTrace(c.req.header('traceparent')),
          caller: undefined,
          event: undefined,
        }
        const begun = performance.now()
        await requestContext.run(context, next)
        const seconds = (performance.now() - begun) / 1000
        metrics.observe(c.req.method, c.res.status, seconds)
        if (!c.req.path.startsWith('/health/')) log(line(fn.name, c, context, seconds))
      })
      .get('/health/live', (c) => c.json({ status: 'live' }))
      // Asks no port: they open lazily, and a route that needs objects alone works while the database is down.
      .get('/health/ready', (c) => c.json({ status: 'ready' }))
      .get('/metrics', (c) => c.text(metrics.render(), 200, { 'Content-Type': 'text/plain; version=0.0.4' }))
      .get('/openapi.json', (c) => c.json(openapi(fn, routes)))
      .use(authenticate)
      .use(authorize(fn.scope))
      .route('/', routes)
      .notFound((c) => refuse(missing(routes, c), c))
      .onError(refuse)
  )
}

function missing(routes: Hono, c: Context): PlatformError {
  const allowed = routes.routes.filter(({ method, path }) => method !== 'ALL' && pathMatches(path, c.req.path))
  if (allowed.length === 0) return new PlatformError('not_found', `no route ${c.req.method} ${c.req.path}`)
  const methods = [...new Set(allowed.map(({ method }) => method))].sort()
  c.header('Allow', methods.join(', '))
  return new PlatformError('method_not_allowed', `${c.req.path} takes ${methods.join(', ')}, not ${c.req.method}`)
}

function pathMatches(pattern: string, path: string): boolean {
  const wanted = pattern.split('/')
  const found = path.split('/')
  return wanted.length === found.length && wanted.every((step, at) => step.startsWith(':') || step === found[at])
}

// Hono keeps the error in `c.error`, where the log line of the request finds it with its cause.
function refuse(error: Error, c: Context): Response {
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
  if (error.status >= 500) return error
  return new PlatformError(
    error.status === 413 ? 'too_large' : 'invalid_input',
    error.message || 'the request is not right',
    {
      cause: error,
    },
  )
}

function line(name: string, c: Context, { trace, caller, event }: RequestContext, seconds: number): RequestLog {
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
