import type { JobState, Sql } from 'mezz/ports'
import * as z from 'zod'
import type { RunRow } from './facts.ts'
import { codeOf } from './source.ts'

export const Run = z.object({
  id: z.string(),
  model: z.string(),
  pipeline: z.string(),
  dataset: z.string().optional(),
  datasetVersion: z.int().optional(),
  state: z.enum(['queued', 'running', 'succeeded', 'failed', 'cancelled']),
  waitingFor: z.string().optional(),
  /** Of a script: which version of it, or which commit, by its digest. */
  code: z.object({ trainer: z.string(), digest: z.string() }).optional(),
  progress: z.number().min(0).max(1),
  metrics: z.record(z.string(), z.number()),
  createdAt: z.string(),
  startedAt: z.string().optional(),
  finishedAt: z.string().optional(),
  error: z.string().optional(),
})
export type Run = z.infer<typeof Run>

export const Runs = z.object({ items: z.array(Run), next: z.string().optional() })

/** A run as it stands now, its job asked while it has no end. */
export async function shownRun(sql: Pick<Sql, 'job'>, row: RunRow): Promise<Run> {
  const job = row.state === 'queued' && row.job !== null ? await sql.job(row.job) : null
  const {
    extraction: {
      inputs: [input],
    },
    source,
  } = row.order_facts
  const startedAt = row.started_at ?? job?.startedAt
  return {
    id: row.id,
    model: row.model,
    pipeline: row.pipeline,
    ...(input ? { dataset: input.dataset, datasetVersion: input.version } : {}),
    ...standing(row, job),
    ...(source ? { code: codeOf(source) } : {}),
    metrics: { ...job?.metrics, ...row.metrics },
    createdAt: row.created_at.toISOString(),
    ...(startedAt ? { startedAt: startedAt.toISOString() } : {}),
    ...(row.finished_at ? { finishedAt: row.finished_at.toISOString() } : {}),
    ...(row.error === null ? {} : { error: row.error }),
  }
}

function standing(row: RunRow, job: JobState | null): Pick<Run, 'state' | 'progress' | 'waitingFor'> {
  if (row.state !== 'queued')
    return { state: row.state, progress: row.state === 'succeeded' ? 1 : (job?.progress ?? 0) }
  if (job?.state === 'queued' || !job) return { state: 'queued', progress: 0, waitingFor: 'a free place for its job' }
  if (job.state === 'running') return { state: 'running', progress: job.progress }
  return { state: 'running', progress: job.progress, waitingFor: 'the event of the end of its job' }
}
