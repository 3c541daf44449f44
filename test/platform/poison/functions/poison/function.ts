import { Hono } from 'hono'
import { defineFunction } from 'mezz/define'
import { event } from 'mezz/validate'
import { poured } from '../../triggers/events.ts'

/** Handles an event well, or in one of the ways in which a handler can fail. */
export default defineFunction({
  name: 'poison',
  summary: 'Fails as it is told',
  uses: ['sql'],
  scope: 'poison',
  timeout: 1,

  app: ({ sql }) =>
    new Hono().post('/events/poured', event(poured), async (c) => {
      const { does } = c.req.valid('json')
      if (does === 'throws') throw new Error('the handler throws')
      if (does === 'exits') process.exit(3)
      if (does === 'hangs') await new Promise(() => undefined)
      await sql.transaction(async (tx) => tx.query`select 1`)
      return c.body(null, 204)
    }),
})
