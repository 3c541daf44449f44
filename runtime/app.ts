import type { Context, MiddlewareHandler } from 'hono'
import { Hono } from 'hono'
import { takeApart } from './batch.ts'
import type { Idempotency, Inbox, RequestContext } from './context.ts'
import { requestContext } from './context.ts'
import type { FunctionDefinition, Own } from './define.ts'
import { tellRequest } from './http-span.ts'
import { authorize } from './identity.ts'
import type { Metrics } from './metrics.ts'
import { missing } from './missing.ts'
import { openapi } from './openapi.ts'
import type { PortName, Ports } from './ports.ts'
import { refuse } from './refuse.ts'
import type { RequestLog } from './request-log.ts'
import { requestLog } from './request-log.ts'
import type { Spans } from './spans.ts'
import { withinTime } from './time-limit.ts'
import { continueTrace } from './trace.ts'
import { uuidv7 } from './uuid.ts'

export interface AppOptions {
  /** Puts the caller into the request's context. */
  readonly authenticate: MiddlewareHandler
  readonly inbox?: Inbox | undefined
  readonly idempotency?: Idempotency | undefined
  readonly metrics: Metrics
  readonly own?: Own | undefined
  readonly spans?: Spans | undefined
  log(line: RequestLog): void
}

/** The road every request takes: trace → time limit → health → identity → scope → the function's own routes; errors leave by one door. */
export function createApp<uses extends PortName, types extends string>(
  fn: FunctionDefinition<uses, types>,
  ports: Pick<Ports<types>, uses>,
  { authenticate, inbox, idempotency, metrics, own, spans, log }: AppOptions,
): Hono {
  const routes = fn.app(ports, own)
  const app = new Hono()
  return (
    app
      .use(async function trace(c, next) {
        const context: RequestContext = {
          id: uuidv7(),
          inbox,
          idempotency,
          trace: continueTrace(c.req.header('traceparent'), spans?.samples),
          spans,
          caller: undefined,
          event: undefined,
        }
        const at = Date.now()
        const begun = performance.now()
        await requestContext.run(context, next)
        const seconds = (performance.now() - begun) / 1000
        tellRequest(c, context, { at, ms: seconds * 1000 })
        metrics.observe(c.req.method, c.res.status, seconds)
        if (!c.req.path.startsWith('/health/')) log(requestLog(fn.name, c, context, seconds))
      })
      .use(thrownIsError)
      .use(withinTime(fn))
      .get('/health/live', (c) => c.json({ status: 'live' }))
      // Asks no port: they open lazily, and a route that needs objects alone works while the database is down.
      .get('/health/ready', (c) => c.json({ status: 'ready' }))
      .get('/metrics', (c) => c.text(metrics.render(), 200, { 'Content-Type': 'text/plain; version=0.0.4' }))
      .get('/openapi.json', (c) => c.json(openapi(fn, routes)))
      .use(authenticate)
      .use(authorize(fn.scope))
      .use(takeApart((request, c) => app.fetch(request, c.env)))
      .route('/', routes)
      .notFound((c) => refuse(missing(app, c), c))
      .onError(refuse)
  )
}

// Hono brings errors to `onError`, and lets anything else that is thrown pass it by.
async function thrownIsError(_c: Context, next: () => Promise<void>): Promise<void> {
  try {
    await next()
  } catch (thrown) {
    throw thrown instanceof Error ? thrown : new Error('a handler threw what is no Error', { cause: thrown })
  }
}
