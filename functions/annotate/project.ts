import { Name } from 'mezz/validate'
import * as z from 'zod'
import type { Agreement } from './agreement.ts'
import type { Progress } from './annotation-queries.ts'
import type { ProjectRow } from './queries.ts'

const ColumnName = z
  .string()
  .trim()
  .min(1)
  .max(200)
  .refine((text) => !text.includes('\0') && text.isWellFormed(), 'must be text without NUL')

/** A label, or the name of a person: one line of text. */
export const Line = z
  .string()
  .trim()
  .min(1)
  .max(200)
  .regex(/^[^\p{Cc}\p{Cs}]*$/u, 'must be one line of text')

export const ProjectOrder = z.strictObject({
  name: Name,
  dataset: Name,
  /** What the labels become a column of, in place of one of this name. */
  column: ColumnName,
  labels: z
    .array(Line)
    .min(1)
    .max(100)
    .refine((labels) => new Set(labels).size === labels.length, 'must differ from each other'),
  /** How many people label each task. */
  overlap: z.int().min(1).max(5).default(1),
})

const State = z.enum(['waiting', 'open', 'completed'])
type State = z.infer<typeof State>

const Summary = {
  name: z.string(),
  dataset: z.string(),
  /** None while the dataset is waited for. */
  version: z.int().nullable(),
  column: z.string(),
  labels: z.array(z.string()).readonly(),
  overlap: z.int(),
  /** It waits for its dataset, takes labels, or takes no more. */
  state: State,
  tasks: z.int(),
  /** Tasks that have at least one label, and those that have as many as `overlap` asks for. */
  labelled: z.int(),
  done: z.int(),
  at: z.iso.datetime(),
  completedAt: z.iso.datetime().optional(),
}

/** A project as callers see it. */
export const Project = z.object({
  ...Summary,
  columns: z.array(z.object({ name: z.string(), type: z.enum(['number', 'boolean', 'time', 'text']) })).readonly(),
  annotations: z.int(),
  /** Of the tasks that two or more people labelled, the share on which all agree; `null` where there is no such task. */
  agreement: z.number().nullable(),
  /** The same beyond what chance would give; `null` where chance alone would agree on everything. */
  kappa: z.object({ method: z.enum(['cohen', 'fleiss']), value: z.number().nullable(), tasks: z.int() }).nullable(),
})

export const Projects = z.object({ items: z.array(z.object(Summary)), next: z.string().optional() })

/** A stored project as callers see it. */
export function shown(row: ProjectRow, progress: Progress, agreement: Agreement | null): z.infer<typeof Project> {
  return {
    ...summary(row, progress),
    columns: row.source?.columns ?? [],
    annotations: progress.annotations,
    agreement: agreement?.share ?? null,
    kappa: agreement?.kappa ?? null,
  }
}

/** The same as it stands in a list. */
export function summary(row: ProjectRow, { labelled, done }: Omit<Progress, 'annotations'>) {
  const { name, dataset, column, labels, overlap, source, result, at } = row
  const state: State = result ? 'completed' : source ? 'open' : 'waiting'
  return {
    ...{ name, dataset, version: source?.version ?? null, column, labels, overlap, state },
    ...{ tasks: source?.rows ?? 0, labelled, done, at: at.toISOString() },
    ...(result ? { completedAt: result.at } : {}),
  }
}
