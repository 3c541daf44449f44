import type { JobState, Sql } from 'mezz/ports'
import { Name } from 'mezz/validate'
import * as z from 'zod'
import type { BatchRow } from './queries.ts'

const Version = z.int().min(1).max(999_999_999)

export const BatchOrder = z.strictObject({
  dataset: Name,
  /** The newest unless said. */
  datasetVersion: Version.optional(),
  /** Of the model: by default the one with most of the traffic. */
  version: Version.optional(),
  /** The dataset that the predictions become a version of: by default `<dataset>-<model>-predictions`. */
  name: Name.optional(),
  /** Columns of the dataset that go before the predictions, such as a key. */
  keep: z.array(z.string().min(1)).max(50).default([]),
})
export type BatchOrder = z.infer<typeof BatchOrder>

export const Batch = z.object({
  id: z.string(),
  model: z.string(),
  version: z.int(),
  dataset: z.string(),
  datasetVersion: z.int(),
  /** The dataset of the predictions, and its version once it is there. */
  result: z.string(),
  resultVersion: z.int().optional(),
  /** It has succeeded when its result is there. */
  state: z.enum(['queued', 'running', 'succeeded', 'failed', 'cancelled']),
  waitingFor: z.string().optional(),
  progress: z.number().min(0).max(1),
  rows: z.int(),
  /** Rows without a prediction: the column `error` of the result says why. */
  unpredicted: z.int().optional(),
  createdAt: z.string(),
  finishedAt: z.string().optional(),
  error: z.string().optional(),
})
export type Batch = z.infer<typeof Batch>

export const Batches = z.object({ items: z.array(Batch), next: z.string().optional() })

/** A batch as it stands now, its job asked while it has no end. */
export async function shownBatch(sql: Pick<Sql, 'job'>, row: BatchRow): Promise<Batch> {
  const job = row.state === 'queued' ? await sql.job(row.job) : null
  return {
    id: row.id,
    model: row.model,
    version: row.version,
    dataset: row.dataset,
    datasetVersion: row.dataset_version,
    result: row.result,
    ...(row.result_version === null ? {} : { resultVersion: row.result_version }),
    ...standing(row, job),
    rows: row.rows,
    ...(row.unpredicted === null ? {} : { unpredicted: row.unpredicted }),
    createdAt: row.created_at.toISOString(),
    ...(row.finished_at ? { finishedAt: row.finished_at.toISOString() } : {}),
    ...(row.error === null ? {} : { error: row.error }),
  }
}

function standing(row: BatchRow, job: JobState | null): Pick<Batch, 'state' | 'progress' | 'waitingFor'> {
  if (row.state === 'succeeded' && row.result_version === null)
    return { state: 'running', progress: 1, waitingFor: `its predictions to become a version of ${row.result}` }
  if (row.state !== 'queued') return { state: row.state, progress: row.state === 'succeeded' ? 1 : 0 }
  if (job?.state === 'queued' || !job) return { state: 'queued', progress: 0, waitingFor: 'a free place for its job' }
  if (job.state === 'running') return { state: 'running', progress: job.progress }
  return { state: 'running', progress: job.progress, waitingFor: 'the event of the end of its job' }
}
