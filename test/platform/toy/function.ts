import { Hono } from 'hono'
import { defineFunction } from 'mezz/define'
import { defineEvent } from 'mezz/event'
import { answers, body, event } from 'mezz/validate'
import * as z from 'zod'

const Note = z.object({ id: z.string().min(1), text: z.string() })

export const noteTaken = defineEvent({ type: 'note.taken.v1', topic: 'notes', data: Note, key: ({ id }) => id })
export const noteCopied = defineEvent({ type: 'note.copied.v1', topic: 'notes', data: Note, key: ({ id }) => id })

/** A function as small as one can be that stores, emits and takes in. */
export default defineFunction({
  name: 'notes',
  summary: 'Keeps notes',
  uses: ['sql'],
  emits: [noteTaken, noteCopied],
  scope: 'notes:write',

  app: ({ sql }) =>
    new Hono()
      .post('/', body(Note), answers('Takes a note', { 201: Note }), async (c) => {
        const note = c.req.valid('json')
        await sql.transaction(async (tx) => {
          await tx.query`insert into notes (id, text) values (${note.id}, ${note.text})`
          tx.emit(noteTaken, note)
        })
        return c.json(note, 201)
      })
      .post('/events/note-taken', event(noteTaken), async (c) => {
        const { id, text } = c.req.valid('json')
        await sql.transaction(async (tx) => {
          await tx.query`insert into notes (id, text) values (${`${id}-copy`}, ${text})`
          tx.emit(noteCopied, { id: `${id}-copy`, text })
        })
        return c.body(null, 204)
      }),
})
