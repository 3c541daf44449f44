import { Hono } from 'hono'
import * as z from 'zod'
import { PlatformError } from '../../runtime/errors.ts'
import type { HourOfUsage, UsageQuestion } from '../../runtime/usage.ts'
import { answers, query } from '../../runtime/validate.ts'

export interface UsageRoutesOptions {
  /** What was used until now. */
  usage(question: UsageQuestion): Promise<readonly HourOfUsage[]>
  /** Milliseconds since 1970. */
  readonly now?: () => number
}

const DAY = 24 * 60 * 60 * 1000
const Time = z.union(
  [z.iso.datetime({ offset: true }), z.iso.date()],
  'expected a time as 2026-01-31T09:00:00Z or a date',
)
const Asked = z.object({
  from: Time.optional(),
  to: Time.optional(),
  by: z.enum(['function', 'job', 'model', 'team']).default('function'),
  limit: z.coerce.number().int().min(1).max(10_000).default(1000),
  after: z.string().optional(),
})

const Used = z.object({
  from: z.iso.datetime(),
  to: z.iso.datetime(),
  by: Asked.shape.by,
  items: z.array(z.looseObject({ hour: z.iso.datetime(), name: z.string(), coreSeconds: z.number() })),
  next: z.string().optional(),
})

/** `/usage?from=&to=&by=`: what was used by the hour, the last 24 hours unless said. */
export function usageRoutes({ usage, now = Date.now }: UsageRoutesOptions): Hono {
  const said = answers('What was used, by the hour', { 200: Used })
  return new Hono().get('/usage', query(Asked), said, async (c) => {
    const { by, limit, after, ...asked } = c.req.valid('query')
    const to = new Date(asked.to ?? now())
    const from = new Date(asked.from ?? to.getTime() - DAY)
    if (from >= to) {
      throw new PlatformError('invalid_input', 'the query is not what this route takes', {
        errors: [{ pointer: '/from', reason: `must lie before ${to.toISOString()}` }],
      })
    }
    const items = await usage({ by, from, to, limit, after: after === undefined ? undefined : placeOf(after) })
    const last = items.at(-1)
    const next = last && items.length === limit ? { next: `${last.hour.toISOString()} ${last.name}` } : {}
    return c.json({ from, to, by, items, ...next })
  })
}

/** Reads what `next` said. */
function placeOf(after: string): { readonly hour: Date; readonly name: string } {
  const [, hour, name] = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z) ([^\0]+)$/.exec(after) ?? []
  if (hour && name && Number.isFinite(Date.parse(hour))) return { hour: new Date(hour), name }
  throw new PlatformError('invalid_input', 'the query is not what this route takes', {
    errors: [{ pointer: '/after', reason: 'must be what next said' }],
  })
}
