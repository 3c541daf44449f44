import * as z from 'zod'

const ObjectRef = z.object({ name: z.string().min(1), sha256: z.string().length(64), bytes: z.int().nonnegative() })

/** A Python script that serves what it has learnt: all that its process needs, by the objects' digests. */
export const ServedScript = z.object({
  /** Its files, a plain tar. */
  files: ObjectRef,
  /** The file of them that is started. */
  entry: z.string(),
  /** What it was trained on: a CSV that lies beside it as `<dataset>.csv`. */
  table: ObjectRef,
  dataset: z.string(),
  /** What its columns and answers are: JSON, as the helper wrote it. */
  contract: ObjectRef,
  /** What it has learnt, as the helper keeps it; left out where it learns at each start. */
  state: ObjectRef.exactOptional(),
  target: z.string(),
  task: z.enum(['classification', 'regression']),
  parameters: z.record(z.string(), z.unknown()),
})

export type ServedScript = z.infer<typeof ServedScript>

/** How much of the machine serves a model. */
export const Serving = z.object({
  resources: z.object({ cpu: z.string(), memory: z.string() }).exactOptional(),
  scale: z
    .object({
      min: z.int().exactOptional(),
      max: z.int().exactOptional(),
      concurrency: z.int().exactOptional(),
      idle: z.number().exactOptional(),
    })
    .exactOptional(),
})

export type Serving = z.infer<typeof Serving>

/** What serves one model in processes of its own: the program of `infer`, or the script that trained it. */
export const Workload = Serving.extend({
  model: z.string(),
  script: ServedScript.extend({ version: z.int().positive() }).exactOptional(),
})

export type Workload = z.infer<typeof Workload>
