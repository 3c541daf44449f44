import { defineEvent } from 'mezz/event'
import * as z from 'zod'

export const noteWritten = defineEvent({
  type: 'acme.note.written.v1',
  topic: 'notes',
  data: z.object({ note: z.string(), bytes: z.int().nonnegative() }),
  key: ({ note }) => note,
})
