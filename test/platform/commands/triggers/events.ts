import { defineEvent } from 'mezz/event'
import * as z from 'zod'

export const said = defineEvent({
  type: 'test.said.v1',
  topic: 'said',
  data: z.object({ word: z.string() }),
  key: ({ word }) => word,
})
