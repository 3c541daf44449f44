import type { MiddlewareHandler } from 'hono'
import { Hono } from 'hono'
import * as z from 'zod'
import type { Cancellations } from '../../runtime/cancellations.ts'
import type { RequestContext } from '../../runtime/context.ts'
import { requestContext } from '../../runtime/context.ts'
import type { DeadLetters } from '../../runtime/dead-letters.ts'
import { PlatformError } from '../../runtime/errors.ts'
import type { Family } from '../../runtime/exposition.ts'
import { EXPOSITION_TYPE, exposition } from '../../runtime/exposition.ts'
import { tellRequest } from '../../runtime/http-span.ts'
import { authorize } from '../../runtime/identity.ts'
import { missing } from '../../runtime/missing.ts'
import { openapi } from '../../runtime/openapi.ts'
import type { Outbox } from '../../runtime/outbox.ts'
import type { Records } from '../../runtime/records.ts'
import { refuse } from '../../runtime/refuse.ts'
import type { Spans } from '../../runtime/spans.ts'
import { timeoutOf, withinTime } from '../../runtime/time-limit.ts'
import { continueTrace, traceparent } from '../../runtime/trace.ts'
import type { TriggerStates } from '../../runtime/trigger-states.ts'
import { uuidv7 } from '../../runtime/uuid.ts'
import { answers, media, query } from '../../runtime/validate.ts'
import { fromOutside } from './outside.ts'
import { readEvent } from './read-event.ts'
import { deadLetterRoutes } from './routes-dead-letters.ts'
import { flowRoutes } from './routes-flows.ts'
import { lineageRoutes } from './routes-lineage.ts'
import { triggerRoutes } from './routes-triggers.ts'
import type { UsageRoutesOptions } from './routes-usage.ts'
import { usageRoutes } from './routes-usage.ts'
import type { NamedTrigger } from './trigger.ts'
import { eventOf } from './trigger.ts'

/** A line that a function's process has printed, with its number in the platform's log. */
export interface NumberedLine {
  readonly n: number
  readonly at: string
  readonly function: string
  readonly line: string
}

export interface EngineAppOptions extends UsageRoutesOptions {
  readonly team: string
  readonly outbox: Outbox
  readonly records: Records
  readonly states: TriggerStates
  readonly deadLetters: DeadLetters
  readonly cancellations: Cancellations
  readonly authenticate: MiddlewareHandler
  /** Seconds that a request may last: 60 unless said. */
  readonly timeout?: number
  readonly spans?: Spans | undefined
  triggers(): readonly NamedTrigger[]
  status(): Promise<unknown>
  metrics(): Promise<readonly Family[]>
  logs(page: {
    readonly function: string | undefined
    readonly after: number
    readonly limit: number
  }): readonly NumberedLine[]
}

const Logs = z.object({
  function: z.string().optional(),
  after: z.coerce.number().int().min(0).default(0),
  limit: z.coerce.number().int().min(1).max(10_000).default(1000),
})

const Status = z.looseObject({
  team: z.string(),
  functions: z.array(z.looseObject({ name: z.string() })).optional(),
  triggers: z.array(z.looseObject({ name: z.string(), state: z.string() })).optional(),
})
const Line = z.object({ n: z.int(), at: z.string(), function: z.string(), line: z.string() })

const READS = ['GET', 'HEAD', 'OPTIONS', 'TRACE']

const ABOUT = {
  name: 'the platform',
  summary: 'Its state, events from outside, flow runs, dead letters, lineage, usage, logs',
}

/** The platform's own routes, `/_mezz/…`: status, events from outside, flow runs, lineage, logs. */
export function createEngineApp(options: EngineAppOptions): Hono {
  const routes = engineRoutes(options)
  const { spans } = options

  const app = new Hono().basePath('/_mezz')
  return app
    .use(async (c, next) => {
      const trace = continueTrace(c.req.header('traceparent'), spans?.samples)
      const context: RequestContext = {
        id: uuidv7(),
        inbox: undefined,
        trace,
        spans,
        caller: undefined,
        event: undefined,
      }
      const at = Date.now()
      const begun = performance.now()
      await requestContext.run(context, next)
      tellRequest(c, context, { at, ms: performance.now() - begun })
    })
    .use(withinTime({ name: ABOUT.name, timeout: timeoutOf(options) }))
    .get('/openapi.json', (c) => c.json(openapi(ABOUT, routes)))
    .use(options.authenticate)
    .use((c, next) => authorize(READS.includes(c.req.method) ? 'platform:read' : 'platform:write')(c, next))
    .route('/', routes)
    .notFound((c) => refuse(missing(app, c), c))
    .onError(refuse)
}

function engineRoutes(options: EngineAppOptions): Hono {
  const { team, outbox, records, triggers } = options

  return new Hono()
    .get('/status', answers('Functions and triggers', { 200: Status }), async (c) =>
      c.json({ team, ...Object(await options.status()) }),
    )
    .get('/metrics', answers("Everything counted, in Prometheus' text format", { 200: 'text/plain' }), async (c) =>
      c.text(exposition(await options.metrics()), 200, { 'Content-Type': EXPOSITION_TYPE }),
    )
    .post(
      '/events',
      media('application/cloudevents+json', 'application/json'),
      answers(
        'Takes in a CloudEvent',
        { 202: z.object({ id: z.string() }) },
        'invalid_input',
        'unsupported_media_type',
        'too_large',
        'unprocessable',
      ),
      async (c) => {
        const context = requestContext.getStore()
        if (!context?.caller) throw new PlatformError('unauthenticated', 'send a bearer token')
        const { topic, envelope } = fromOutside(await readEvent(c), {
          vocabulary: triggers().map(eventOf),
          caller: context.caller,
          traceparent: traceparent(context.trace),
        })
        await outbox.post(topic, envelope)
        return c.json({ id: envelope.id }, 202)
      },
    )
    .route('/flows', flowRoutes(options))
    .route('/triggers', triggerRoutes(options))
    .route('/dead-letters', deadLetterRoutes(options))
    .route('/', lineageRoutes({ team, records }))
    .route('/', usageRoutes(options))
    .get(
      '/logs',
      query(Logs),
      answers('What processes have printed, the oldest first', {
        200: z.object({ items: z.array(Line), next: z.string() }),
      }),
      (c) => {
        const { function: name, after, limit } = c.req.valid('query')
        const items = options.logs({ function: name, after, limit })
        return c.json({ items, next: String(items.at(-1)?.n ?? after) })
      },
    )
}
