import { defineEvent } from 'mezz/event'
import * as z from 'zod'

export const testSaid = defineEvent({
  type: 'test.said.v1',
  topic: 'words',
  data: z.object({ word: z.string() }),
  key: ({ word }) => word,
})
