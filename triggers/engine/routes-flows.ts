import { Hono } from 'hono'
import * as z from 'zod'
import type { Cancellations } from '../../runtime/cancellations.ts'
import { requestContext } from '../../runtime/context.ts'
import type { DeadLetters } from '../../runtime/dead-letters.ts'
import { PlatformError } from '../../runtime/errors.ts'
import type { Outbox } from '../../runtime/outbox.ts'
import type { Flow, Records } from '../../runtime/records.ts'
import { traceparent } from '../../runtime/trace.ts'
import { answers, body, Page, query, Text } from '../../runtime/validate.ts'
import { flowView } from './flow-view.ts'
import { edited } from './outside.ts'
import type { NamedTrigger } from './trigger.ts'
import { eventOf } from './trigger.ts'
import { attribute } from './wire.ts'

export interface FlowRoutesOptions {
  readonly team: string
  readonly outbox: Outbox
  readonly records: Records
  readonly deadLetters: DeadLetters
  readonly cancellations: Cancellations
  triggers(): readonly NamedTrigger[]
}

const Redrive = z.strictObject({
  /** A trigger. */
  from: Text.min(1).max(200).optional(),
  data: z.record(z.string(), z.unknown()).optional(),
})

const Shown = z.looseObject({
  id: z.string(),
  startedAt: z.iso.datetime(),
  state: z.enum(['running', 'waiting', 'done', 'failed', 'cancelled']),
  steps: z.array(z.looseObject({ event: z.string(), function: z.string(), state: z.string(), attempts: z.int() })),
})
const AllShown = z.object({ items: z.array(Shown), next: z.string().optional() })
const Cancelled = z.looseObject({ id: z.string() })
const Redriven = z.object({ redriven: z.int().nonnegative(), event: z.string().optional() })

/** Flow runs: what an event or a request has led to, and what people do with it. */
export function flowRoutes({ outbox, records, deadLetters, cancellations, triggers }: FlowRoutesOptions): Hono {
  async function demand(id: string): Promise<Flow> {
    const flow = isId(id) ? await records.flow(id) : null
    if (flow) return flow
    throw new PlatformError('not_found', `no flow run ${id}`)
  }

  return new Hono()
    .get('/', query(Page), answers('Flow runs, the newest first', { 200: AllShown }), async (c) => {
      const { limit, after } = c.req.valid('query')
      const flows = await records.flows({ limit, after })
      const items = flows.map((flow) => flowView(flow, triggers()))
      return c.json({ items, ...(flows.length === limit ? { next: flows.at(-1)?.id } : {}) })
    })
    .get('/:id', answers('A flow run', { 200: Shown }), async (c) => {
      return c.json(flowView(await demand(c.req.param('id')), triggers()))
    })
    .post('/:id/cancel', answers('Ends it: no event of it is delivered any more', { 202: Cancelled }), async (c) => {
      const { id } = await demand(c.req.param('id'))
      return c.json({ id, jobs: await cancellations.cancel(id) }, 202)
    })
    .post(
      '/:id/redrive',
      body(Redrive),
      answers('Delivers again what is dead of it', { 202: Redriven }, 'conflict'),
      async (c) => {
        const { id } = await demand(c.req.param('id'))
        const { from, data } = c.req.valid('json')
        const which = { correlationid: id, trigger: from }
        const dead = await deadLetters.list(which, { limit: 2 })
        const [letter, another] = dead
        if (!letter) {
          const where = from ? `at ${from} ` : ''
          throw new PlatformError(
            'conflict',
            `nothing of this flow run is dead ${where}: there is nothing to deliver again`,
          )
        }
        await cancellations.restore(id)
        if (data === undefined) return c.json({ redriven: await deadLetters.redrive(which, {}) }, 202)
        if (another) {
          const steps = [letter, another].map(({ trigger }) => trigger).join(', ')
          throw new PlatformError(
            'conflict',
            `more than one event of it is dead (${steps}): say by from which one has these data`,
          )
        }
        const { caller, trace } = requestContext.getStore() ?? {}
        if (!caller || !trace) throw new PlatformError('unauthenticated', 'send a bearer token')
        const trigger = triggers().find(({ name }) => name === letter.trigger)
        if (!trigger) throw new PlatformError('conflict', `there is no trigger ${letter.trigger} now`)
        const type = eventOf(trigger)
        const envelope = edited(data, {
          type,
          caller,
          traceparent: traceparent(trace),
          before: {
            id: attribute(letter.record, 'id'),
            subject: attribute(letter.record, 'subject'),
            correlationid: id,
          },
        })
        await outbox.post(type.topic, envelope)
        await deadLetters.discard(letter.id)
        return c.json({ redriven: 1, event: envelope.id }, 202)
      },
    )
}

/** Ids are text of ours; what PostgreSQL could not hold names none. */
function isId(id: string): boolean {
  return id.length <= 200 && !id.includes('\0') && id.isWellFormed()
}
