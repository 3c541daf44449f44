import * as z from 'zod'

// What the demo reads of the platform's answers; they hold more.

const Value = z.union([z.string(), z.number(), z.boolean()])

export const Dataset = z.object({
  name: z.string(),
  version: z.number(),
  rows: z.number(),
  bytes: z.number(),
  digest: z.string(),
  columns: z.array(z.object({ name: z.string(), type: z.string(), distinct: z.number() })),
})
export type Dataset = z.infer<typeof Dataset>

export const Rows = z.object({ items: z.array(z.record(z.string(), Value.nullable())), next: z.string().optional() })

export const Extractions = z.object({
  items: z.array(z.looseObject({ columns: z.array(z.unknown()), rows: z.number() })),
})

export const Run = z.object({
  id: z.string(),
  state: z.enum(['queued', 'running', 'succeeded', 'failed', 'cancelled']),
  progress: z.number(),
  metrics: z.record(z.string(), z.number()),
  error: z.string().nullish(),
})
export type Run = z.infer<typeof Run>
export const Runs = z.object({ items: z.array(Run) })

export const Conversion = z.object({ rows: z.number(), leafMismatches: z.number(), maxAbsoluteDifference: z.number() })

export const Model = z.object({
  published: z.number().nullish(),
  versions: z.array(
    z.object({ version: z.number(), run: z.string(), state: z.string(), reason: z.string().nullish() }),
  ),
})

export const Prediction = z.object({
  id: z.string(),
  version: z.number(),
  predictions: z.array(
    z.union([
      z.object({ label: Value, probabilities: z.record(z.string(), z.number()) }),
      z.object({ value: z.number() }),
    ]),
  ),
})

export const Lineage = z.object({
  nodes: z.array(
    z.object({
      id: z.string(),
      kind: z.string(),
      name: z.string(),
      version: z.string().optional(),
      digest: z.string().optional(),
    }),
  ),
  edges: z.array(z.object({ from: z.string(), to: z.string() })),
})

const Step = z.object({
  event: z.string(),
  subject: z.string(),
  function: z.string(),
  step: z.string().optional(),
  state: z.string(),
  at: z.string(),
  ms: z.number().optional(),
  process: z.string().optional(),
  coldStartMs: z.number().optional(),
  error: z.string().optional(),
})
export type Step = z.infer<typeof Step>
export const Flows = z.object({ items: z.array(z.object({ id: z.string(), state: z.string(), steps: z.array(Step) })) })
