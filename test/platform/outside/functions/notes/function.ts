import { Hono } from 'hono'
import { defineFunction } from 'mezz/define'
import { PlatformError } from 'mezz/errors'
import { noteWritten } from '../../triggers/events.ts'

export default defineFunction({
  name: 'notes',
  summary: 'Keeps notes',
  uses: ['objects', 'sql'],
  emits: [noteWritten],
  scope: 'notes',

  app: ({ objects, sql }) =>
    new Hono()
      .put('/notes/:note', async (context) => {
        const note = context.req.param('note')
        const { body } = context.req.raw
        if (!body) throw new PlatformError('invalid_input', 'a note has a text: send it as the body')

        const { bytes } = await objects.write(`notes/${note}`, body)
        await sql.transaction(async (tx) => tx.emit(noteWritten, { note, bytes }))

        return context.json({ note, bytes }, 201)
      })
      .post('/events/note-written', async (context) => context.body(null, 204)),
})
