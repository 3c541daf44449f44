import * as z from 'zod'
import { defineEvent } from './event.ts'

export const ObjectRefSchema = z.object({
  name: z.string().min(1),
  /** Hex. */
  sha256: z.string().length(64),
  bytes: z.int().nonnegative(),
})

/** The one event that the engine itself tells: a job has come to its end. */
export const jobEnded = defineEvent({
  type: 'mezz.job.ended.v1',
  topic: 'jobs',
  data: z.object({
    job: z.string(),
    /** The function that asked for it. */
    owner: z.string(),
    attempt: z.int().nonnegative(),
    state: z.enum(['succeeded', 'failed', 'cancelled']),
    /** What the program left in its output folder: file name to object. */
    outputs: z.record(z.string(), ObjectRefSchema),
    error: z.string().optional(),
    usage: z.object({ coreSeconds: z.number(), peakMemoryBytes: z.number(), gpuSeconds: z.number() }),
  }),
  key: ({ job }) => job,
})
