import type { Context, MiddlewareHandler } from 'hono'
import { Hono } from 'hono'
import * as z from 'zod'
import { decodeAttribute } from '../../runtime/ce-headers.ts'
import { requestContext } from '../../runtime/context.ts'
import { PlatformError, problem } from '../../runtime/errors.ts'
import type { Outbox } from '../../runtime/outbox.ts'
import type { Records } from '../../runtime/records.ts'
import { continueTrace, traceparent } from '../../runtime/trace.ts'
import { uuidv7 } from '../../runtime/uuid.ts'
import { answers, Page, query } from '../../runtime/validate.ts'
import { flowView } from './flow-view.ts'
import type { Said } from './outside.ts'
import { fromOutside } from './outside.ts'
import { lineageRoutes } from './routes-lineage.ts'
import type { UsageRoutesOptions } from './routes-usage.ts'
import { usageRoutes } from './routes-usage.ts'
import type { NamedTrigger } from './trigger.ts'

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
  readonly authenticate: MiddlewareHandler
  triggers(): readonly NamedTrigger[]
  status(): Promise<unknown>
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
const Structured = z.object({
  specversion: z.literal('1.0'),
  id: z.string().optional(),
  type: z.string(),
  subject: z.string().optional(),
  partitionkey: z.string().optional(),
  data: z.unknown(),
})

/** The platform's own routes, `/_mezz/…`: status, events from outside, flow runs, lineage, logs. */
export function createEngineApp(options: EngineAppOptions): Hono {
  const { team, outbox, records, triggers } = options
  const known = (): readonly NamedTrigger[] => triggers()

  return new Hono()
    .basePath('/_mezz')
    .use((c, next) => {
      const trace = continueTrace(c.req.header('traceparent'))
      return requestContext.run({ id: uuidv7(), inbox: undefined, trace, caller: undefined, event: undefined }, next)
    })
    .use(options.authenticate)
    .get('/status', answers('Functions and triggers', { 200: z.unknown() }), async (c) =>
      c.json({ team, ...Object(await options.status()) }),
    )
    .post('/events', answers('Takes in a CloudEvent', { 202: z.object({ id: z.string() }) }), async (c) => {
      const context = requestContext.getStore()
      if (!context?.caller) throw new PlatformError('unauthenticated', 'send a bearer token')
      const vocabulary = known().map(({ definition }) => definition.on)
      const { topic, envelope } = fromOutside(await said(c), {
        vocabulary,
        caller: context.caller,
        traceparent: traceparent(context.trace),
      })
      await outbox.post(topic, envelope)
      return c.json({ id: envelope.id }, 202)
    })
    .get('/flows', query(Page), async (c) => {
      const { limit, after } = c.req.valid('query')
      const flows = await records.flows({ limit, after })
      const items = flows.map((flow) => flowView(flow, known()))
      return c.json({ items, ...(flows.length === limit ? { next: flows.at(-1)?.id } : {}) })
    })
    .get('/flows/:id', async (c) => {
      const flow = await records.flow(c.req.param('id'))
      if (!flow) throw new PlatformError('not_found', `no flow run ${c.req.param('id')}`)
      return c.json(flowView(flow, known()))
    })
    .route('/', lineageRoutes({ team, records }))
    .route('/', usageRoutes(options))
    .get('/logs', query(Logs), (c) => {
      const { function: name, after, limit } = c.req.valid('query')
      const items = options.logs({ function: name, after, limit })
      return c.json({ items, next: String(items.at(-1)?.n ?? after) })
    })
    .notFound((c) => refuse(new PlatformError('not_found', `no route ${c.req.method} ${c.req.path}`), c))
    .onError(refuse)
}

async function said(c: Context): Promise<Said> {
  const type = c.req.header('content-type')?.split(';')[0]?.trim().toLowerCase() ?? ''
  const body: unknown = await c.req.json().catch((error: unknown) => {
    throw new PlatformError('invalid_input', 'the body is not JSON', { cause: error })
  })
  if (type === 'application/cloudevents+json') {
    const parsed = Structured.safeParse(body)
    if (!parsed.success) {
      throw new PlatformError('invalid_input', 'the body is no CloudEvent 1.0', {
        errors: parsed.error.issues.map(({ path, message }) => ({ pointer: `/${path.join('/')}`, reason: message })),
      })
    }
    const { id, subject, partitionkey, data } = parsed.data
    return { id, type: parsed.data.type, subject, key: partitionkey, data }
  }
  const attribute = (name: string): string | undefined => {
    const value = c.req.header(`ce-${name}`)
    return value === undefined ? undefined : decodeAttribute(value)
  }
  const eventType = attribute('type')
  if (!eventType || attribute('specversion') !== '1.0') {
    throw new PlatformError(
      'invalid_input',
      'a CloudEvent 1.0 was expected: ce-specversion: 1.0 and ce-type, or application/cloudevents+json',
    )
  }
  return {
    id: attribute('id'),
    type: eventType,
    subject: attribute('subject'),
    key: attribute('partitionkey'),
    data: body,
  }
}

function refuse(error: Error, c: Context): Response {
  const document = problem(error, requestContext.getStore()?.trace.traceId)
  if (error instanceof PlatformError && error.retryAfter !== undefined)
    c.header('Retry-After', String(error.retryAfter))
  return c.json(document, document.status, { 'Content-Type': 'application/problem+json' })
}
