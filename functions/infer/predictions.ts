import * as z from 'zod'
import { labels } from './labels.ts'
import type { Package } from './package.ts'
import { Label } from './package.ts'
import type { Scores } from './scorer.ts'

const MOST_ROWS = 10_000

// A row's columns are checked where they are read: zod would copy each row.
const Row = z
  .custom<Readonly<Record<string, unknown>>>(
    (row) => typeof row === 'object' && row !== null && !Array.isArray(row),
    'expected an object {column: value}',
  )
  .meta({ type: 'object' })

export const Rows = z.object({ rows: z.array(Row).min(1).max(MOST_ROWS) })

const Prediction = z.union([
  z.object({ label: Label, probabilities: z.record(z.string(), z.number()) }),
  z.object({ value: z.number() }),
])

export const Predictions = z.object({
  /** `<model>@<version>/<uuid>`. */
  id: z.string(),
  model: z.string(),
  version: z.int(),
  predictions: z.array(Prediction),
})

/** Scores as callers read them: a value, or a label with the probability of each label's text. */
export function predictions(signature: Package['signature'], scores: Scores): z.infer<typeof Prediction>[] {
  const { values, width } = scores
  if (signature.task === 'regression') return Array.from(values, (value) => ({ value }))
  const { classes } = signature
  const texts = classes.map(String)
  return labels(classes, scores).map((label, row) => ({
    label,
    probabilities: Object.fromEntries(texts.map((text, at) => [text, values[row * width + at] ?? 0])),
  }))
}
