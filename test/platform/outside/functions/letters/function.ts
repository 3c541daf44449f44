import { Hono } from 'hono'
import { defineFunction } from 'mezz/define'
import { answers, event } from 'mezz/validate'
import * as z from 'zod'
import { noteWritten } from '../../triggers/events.ts'

export default defineFunction({
  name: 'letters',
  summary: 'Counts what was written',
  uses: ['sql'],
  scope: 'notes',

  app: ({ sql }) =>
    new Hono()
      .get('/total', answers('All bytes written', { 200: z.object({ bytes: z.int() }) }), async (context) => {
        const [row] = await sql.query<{ bytes: number }>`select coalesce(sum(bytes), 0)::bigint as bytes from letters`
        return context.json({ bytes: row?.bytes ?? 0 })
      })
      .post('/events/note-written', event(noteWritten), async (context) => {
        const { note, bytes } = context.req.valid('json')
        await sql.transaction(async (tx) => {
          await tx.query`insert into letters (note, bytes) values (${note}, ${bytes})`
        })
        return context.body(null, 204)
      }),
})
