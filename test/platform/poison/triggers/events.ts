import { defineEvent } from 'mezz/event'
import * as z from 'zod'

export const poured = defineEvent({
  type: 'toy.poured.v1',
  topic: 'poured',
  data: z.object({ key: z.string(), does: z.enum(['well', 'throws', 'hangs', 'exits']) }),
  key: ({ key }) => key,
})
