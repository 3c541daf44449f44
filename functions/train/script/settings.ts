import * as z from 'zod'

/** What train orders of a run of a script. */
export const Settings = z.object({
  /** The table lies beside the script as `<dataset>.csv`. */
  dataset: z.string(),
  target: z.string(),
  task: z.enum(['classification', 'regression']),
  parameters: z.record(z.string(), z.unknown()),
  holdout: z.number(),
  entry: z.string(),
  runtime: z.enum(['python', 'node']),
  git: z.object({ url: z.string(), ref: z.string(), commit: z.string() }).optional(),
})

export type Settings = z.infer<typeof Settings>

/** The variables of the job's process: its inputs, and what the launcher gives. */
export const Variables = z.object({
  TABLE: z.string(),
  SCRIPT: z.string().optional(),
  SETTINGS: z.string().transform((text) => Settings.parse(JSON.parse(text))),
  MEZZ_OUTPUT: z.string(),
  /** A folder that outlives the job, shared with others. */
  MEZZ_CACHE: z.string(),
  /** JSON: what installers and git read of their user's settings; for them alone. */
  MEZZ_INSTALLER: z
    .string()
    .default('{}')
    .transform((text) => z.record(z.string(), z.string()).parse(JSON.parse(text))),
  PATH: z.string(),
  TMPDIR: z.string(),
  LANG: z.string().default('C.UTF-8'),
})

export type Variables = z.infer<typeof Variables>
