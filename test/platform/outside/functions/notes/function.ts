import { Hono } from 'hono'
import { defineFunction } from 'mezz/define'
import { PlatformError } from 'mezz/errors'
import { answers, media } from 'mezz/validate'
import * as z from 'zod'
import { noteWritten } from '../../triggers/events.ts'

const Note = z.object({ note: z.string(), bytes: z.int() })

export default defineFunction({
  name: 'notes',
  summary: 'Keeps notes',
  uses: ['objects', 'sql'],
  emits: [noteWritten],
  scope: 'notes',

  app: ({ objects, sql }) =>
    new Hono().put('/notes/:note', media('text/plain'), answers('Keeps a note', { 201: Note }), async (context) => {
      const note = context.req.param('note')
      const { body } = context.req.raw
      if (!body) throw new PlatformError('invalid_input', 'a note has a text: send it as the body')

      const { bytes } = await objects.write(`notes/${note}`, body)
      await sql.transaction(async (tx) => tx.emit(noteWritten, { note, bytes }))

      return context.json({ note, bytes }, 201)
    }),
})
