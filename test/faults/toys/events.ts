import { defineEvent } from 'mezz/event'
import * as z from 'zod'

/** What a handler does with an event: `job` starts a job, `later` fails twice first, `spoils` fails in a batch alone; the rest is poison. */
export const DOES = ['well', 'job', 'later', 'spoils'] as const
/** Ways in which a handler can fail for good. */
export const POISON = ['throws', 'hangs', 'exits', 'fills'] as const

/** An event as the generator makes it: the `n`th of its key. */
export const Thing = z.object({
  key: z.string().min(1),
  n: z.int().nonnegative(),
  does: z.enum([...DOES, ...POISON]),
  /** Text of no meaning, whose bytes must arrive. */
  text: z.string(),
})

export const sent = defineEvent({ type: 'toy.sent.v1', topic: 'sent', data: Thing, key: ({ key }) => key })
export const poured = defineEvent({ type: 'toy.poured.v1', topic: 'poured', data: Thing, key: ({ key }) => key })
export const counted = defineEvent({ type: 'toy.counted.v1', topic: 'counted', data: Thing, key: ({ key }) => key })
