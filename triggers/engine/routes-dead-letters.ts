import { Hono } from 'hono'
import * as z from 'zod'
import type { DeadLetters, StoredDeadLetter } from '../../runtime/dead-letters.ts'
import { PlatformError } from '../../runtime/errors.ts'
import { answers, body, query, Text } from '../../runtime/validate.ts'
import type { NamedTrigger } from './trigger.ts'
import { attribute } from './wire.ts'

export interface DeadLetterRoutesOptions {
  readonly deadLetters: DeadLetters
  triggers(): readonly NamedTrigger[]
}

const Fingerprint = z.string().regex(/^[0-9a-f]{16}$/, 'must be 16 hex digits, as mezz dead-letters list shows')
const Trigger = Text.min(1).max(200)
const Since = z.iso.datetime({ offset: true, error: 'must be a time as in 2026-01-31T08:00:00Z' })
const List = z.object({
  trigger: Trigger.optional(),
  fingerprint: Fingerprint.optional(),
  since: Since.optional(),
  flow: Text.min(1).max(200).optional(),
  after: z.uuid().optional(),
  limit: z.coerce.number().int().min(1).max(1000).default(100),
})
const Redrive = z
  .strictObject({
    trigger: Trigger.optional(),
    fingerprint: Fingerprint.optional(),
    since: Since.optional(),
    /** A second. */
    rate: z.number().positive().max(10_000).optional(),
  })
  .refine(({ trigger, fingerprint, since }) => trigger ?? fingerprint ?? since, {
    message: 'needs trigger, fingerprint or since: which are meant',
  })
const DeadLetter = z.looseObject({ id: z.string(), trigger: z.string(), fingerprint: z.string() })
const Redriven = z.object({ redriven: z.int().nonnegative() })

/** Events that were given up: looked at, delivered again under the same id, thrown away. */
export function deadLetterRoutes({ deadLetters, triggers }: DeadLetterRoutesOptions): Hono {
  async function demand(id: string): Promise<StoredDeadLetter> {
    const found = z.uuid().safeParse(id).success ? await deadLetters.find(id) : null
    if (found) return found
    throw new PlatformError('not_found', `no dead letter ${id}: it was handled or discarded, or never was`)
  }
  function insistOn(name: string): void {
    if (triggers().some((one) => one.name === name)) return
    throw new PlatformError('conflict', `there is no trigger ${name} now that could deliver it`)
  }

  return new Hono()
    .get(
      '/',
      query(List),
      answers('Dead letters, the newest first', {
        200: z.object({ items: z.array(DeadLetter), next: z.string().optional() }),
      }),
      async (c) => {
        const { after, limit, since, flow, ...which } = c.req.valid('query')
        const found = await deadLetters.list(
          { ...which, ...sinceOf(since), correlationid: flow },
          { after, limit: limit + 1 },
        )
        const items = found.slice(0, limit).map(shown)
        return c.json({ items, ...(found.length > limit ? { next: items.at(-1)?.id } : {}) })
      },
    )
    .get(
      '/groups',
      answers('Dead letters by what they died of', { 200: z.object({ items: z.array(z.looseObject({})) }) }),
      async (c) => {
        return c.json({ items: await deadLetters.groups() })
      },
    )
    .post('/redrive', body(Redrive), answers('Delivers them again', { 202: Redriven }, 'conflict'), async (c) => {
      const { rate, since, ...which } = c.req.valid('json')
      if (which.trigger) insistOn(which.trigger)
      return c.json({ redriven: await deadLetters.redrive({ ...which, ...sinceOf(since) }, { rate }) }, 202)
    })
    .get('/:id', answers('A dead letter, whole', { 200: DeadLetter }), async (c) => {
      const letter = await demand(c.req.param('id'))
      const { headers, value } = letter.record
      return c.json({
        ...shown(letter),
        topic: letter.topic,
        partition: letter.partition,
        offset: letter.record.offset,
        headers,
        data: parsed(value),
      })
    })
    .post('/:id/redrive', answers('Delivers it again', { 202: Redriven }, 'conflict'), async (c) => {
      const { id, trigger } = await demand(c.req.param('id'))
      insistOn(trigger)
      return c.json({ redriven: await deadLetters.redrive({ id }, {}) }, 202)
    })
    .delete('/:id', answers('Throws it away', { 204: null }), async (c) => {
      const { id } = await demand(c.req.param('id'))
      await deadLetters.discard(id)
      return c.body(null, 204)
    })
}

function sinceOf(since: string | undefined): { since?: Date } {
  return since === undefined ? {} : { since: new Date(since) }
}

function shown({ id, trigger, record, attempts, error, fingerprint, at, redriveAt }: StoredDeadLetter) {
  return {
    id,
    trigger,
    event: {
      id: attribute(record, 'id'),
      source: attribute(record, 'source'),
      type: attribute(record, 'type'),
      subject: attribute(record, 'subject'),
    },
    key: record.key,
    flow: attribute(record, 'correlationid'),
    attempts,
    error,
    fingerprint,
    at: at.toISOString(),
    ...(redriveAt ? { redriveAt: redriveAt.toISOString() } : {}),
  }
}

function parsed(value: string): unknown {
  try {
    return JSON.parse(value)
  } catch {
    return value
  }
}
