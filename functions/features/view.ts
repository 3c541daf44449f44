import { Name, Text } from 'mezz/validate'
import * as z from 'zod'
import type { ExtractionRow, ViewRow } from './queries.ts'

export const ViewOrder = z.strictObject({
  dataset: Name,
  /** Columns that nothing is made of. */
  leaveOut: z.array(Text).default([]),
})

/** An extraction as callers see it: ready, with the names of its features, or failed, with the reason. */
export const Extraction = z.object({
  id: z.string(),
  view: z.string(),
  dataset: z.string(),
  version: z.int(),
  state: z.enum(['ready', 'failed']),
  columns: z.array(z.string()).readonly(),
  rows: z.int().optional(),
  reason: z.string().optional(),
  at: z.iso.datetime(),
})

/** A view as callers see it; without an extraction it waits for its dataset. */
export const View = z.object({
  name: z.string(),
  dataset: z.string(),
  leaveOut: z.array(z.string()).readonly(),
  state: z.enum(['waiting', 'ready', 'failed']),
  extraction: Extraction.optional(),
})

export const Extractions = z.object({ items: z.array(Extraction), next: z.string().optional() })

export function shownExtraction(row: ExtractionRow): z.infer<typeof Extraction> {
  const { id, view, dataset, version, columns, rows, reason, at } = row
  const ready = reason === null
  return {
    ...{ id, view, dataset, version, state: ready ? 'ready' : 'failed', columns: columns ?? [], at: at.toISOString() },
    ...(rows === null ? {} : { rows }),
    ...(ready ? {} : { reason }),
  }
}

export function shownView(view: ViewRow, last: ExtractionRow | null): z.infer<typeof View> {
  const { name, dataset, leaveOut } = view
  if (!last) return { name, dataset, leaveOut, state: 'waiting' }
  const extraction = shownExtraction(last)
  return { name, dataset, leaveOut, state: extraction.state, extraction }
}
