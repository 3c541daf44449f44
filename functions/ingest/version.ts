import * as z from 'zod'
import type { VersionRow } from './queries.ts'

const Bound = z.union([z.number(), z.string(), z.boolean()])

const Summary = {
  name: z.string(),
  version: z.int(),
  rows: z.int(),
  /** Decoded. */
  bytes: z.int(),
  digest: z.string(),
  at: z.iso.datetime(),
}

/** A version of a dataset as callers see it. */
export const Version = z.object({
  ...Summary,
  columns: z
    .array(
      z.object({
        name: z.string(),
        type: z.enum(['number', 'boolean', 'time', 'text']),
        nulls: z.int(),
        /** Values that are not missing; approximate for a large table. */
        distinct: z.int(),
        min: Bound.optional(),
        max: Bound.optional(),
      }),
    )
    .readonly(),
})

export const Datasets = z.object({ items: z.array(z.object(Summary)), next: z.string().optional() })

export const Rows = z.object({ items: z.array(z.record(z.string(), Bound.nullable())), next: z.string().optional() })

/** A stored version as callers see it. */
export function shown(row: VersionRow): z.infer<typeof Version> {
  return { ...summary(row), columns: row.columns }
}

/** The same without its columns, as it stands in a list. */
export function summary({ dataset, version, rows, bytes, digest, at }: Omit<VersionRow, 'columns' | 'parts'>) {
  return { name: dataset, version, rows, bytes, digest, at: at.toISOString() }
}
