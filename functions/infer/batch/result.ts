import * as z from 'zod'

/** `result.json`: what a batch's program has made, the table under its digest beside it. */
export const Result = z.object({
  part: z.string(),
  rows: z.int().positive(),
  /** Rows without a prediction. */
  unpredicted: z.int().nonnegative(),
  schema: z.array(z.object({ name: z.string(), type: z.enum(['number', 'boolean', 'time', 'text']) })),
})
export type Result = z.infer<typeof Result>

/** `refusal.json`: why there can be no predictions, which trying again would not change. */
export const Refusal = z.object({ reason: z.string() })
