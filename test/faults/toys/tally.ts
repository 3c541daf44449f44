import { createHash } from 'node:crypto'
import { Hono } from 'hono'
import { defineFunction } from 'mezz/define'
import { PlatformError } from 'mezz/errors'
import { jobEnded } from 'mezz/events'
import type { ObjectRef, Transaction } from 'mezz/ports'
import { answers, body, event, idempotent } from 'mezz/validate'
import * as z from 'zod'
import { scheduleDue } from '../../../runtime/schedule-due.ts'
import { counted, sent, Thing } from './events.ts'
import type { Invocation } from './invocations.ts'
import { invoked } from './invocations.ts'

type Effect = Invocation & { readonly key: string; readonly n: number; readonly sha256: string }
type Tx = Pick<Transaction, 'query' | 'keep'>

/** The sink: each event that reaches one of its routes leaves a row, in the transaction in which it takes effect. */
export default defineFunction({
  name: 'tally',
  summary: 'Counts what reaches it',
  uses: ['objects', 'sql'],
  emits: [sent, counted],
  scope: 'tally',
  timeout: 10,
  programs: { work: './work.mjs' },

  app: ({ objects, sql }) => {
    const later = new Map<string, number>()
    return new Hono()
      .post('/things', body(Thing), idempotent(), answers('Sends a thing', { 201: z.unknown() }), async (c) => {
        const thing = c.req.valid('json')
        const id = await sql.transaction(async (tx) => {
          await tx.query`insert into things (key, number) values (${thing.key}, ${thing.n})`
          return tx.emit(sent, thing)
        })
        return c.json({ id }, 201)
      })
      .post('/events/sent', event(sent), async (c) => {
        const one = invoked(c, 'sent')
        const thing = c.req.valid('json')
        const times = (later.get(one.id) ?? 0) + 1
        later.set(one.id, times)
        if (thing.does === 'later' && times < 3) throw new PlatformError('unavailable', 'not yet')
        const object = await objects.put(new TextEncoder().encode(`${thing.key} ${thing.n} ${thing.text}`))
        await sql.transaction(async (tx) => {
          await keep(tx, { ...one, ...thing, sha256: digest(thing.text) }, object)
          tx.emit(counted, thing)
          if (thing.does !== 'job') return
          tx.startJob({ program: 'work', inputs: { INPUT: object }, environment: { KEY: thing.key, N: `${thing.n}` } })
        })
        return c.body(null, 204)
      })
      .post('/events/batch', event(sent), async (c) => {
        const one = invoked(c, 'batch')
        const thing = c.req.valid('json')
        if (thing.does === 'spoils') throw new Error('spoils its batch')
        await sql.transaction((tx) => keep(tx, { ...one, ...thing, sha256: digest(thing.text) }))
        return c.body(null, 204)
      })
      .post('/events/counted', event(counted), async (c) => {
        const one = invoked(c, 'counted')
        const thing = c.req.valid('json')
        await sql.transaction((tx) => keep(tx, { ...one, ...thing, sha256: digest(thing.text) }))
        return c.body(null, 204)
      })
      .post('/events/job-ended', event(jobEnded), async (c) => {
        const one = invoked(c, 'job-ended')
        const { job, state } = c.req.valid('json')
        await sql.transaction((tx) => keep(tx, { ...one, key: job, n: 0, sha256: state }))
        return c.body(null, 204)
      })
      .post('/events/due', event(scheduleDue), async (c) => {
        const one = invoked(c, 'due')
        const { trigger, at } = c.req.valid('json')
        await sql.transaction((tx) => keep(tx, { ...one, key: trigger, n: Date.parse(at), sha256: '' }))
        return c.body(null, 204)
      })
  },
})

async function keep(tx: Tx, effect: Effect, object: ObjectRef | null = null): Promise<void> {
  const { route, source, id, key, n, sha256 } = effect
  // The sweeper leaves it, whatever the clock says.
  if (object) await tx.keep(`effect ${id}`, [object])
  await tx.query`
    insert into effects (route, source, id, key, number, sha256, object)
    values (${route}, ${source}, ${id}, ${key}, ${n}, ${sha256}, ${object})`
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
