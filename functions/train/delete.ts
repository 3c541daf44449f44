import { PlatformError } from 'mezz/errors'
import type { datasetDeleted, modelDeleted, viewDeleted } from 'mezz/events'
import { pipelineDeleted } from 'mezz/events'
import type { Sql, Transaction } from 'mezz/ports'
import type * as z from 'zod'
import {
  deletePipeline,
  forgetExtractionsBy,
  forgetExtractionsOf,
  markDeleted,
  markModelDeleted,
  modelDeletedAt,
  openJobs,
  runsUntil,
} from './deleted-queries.ts'
import type { Extraction, RunRow } from './facts.ts'
import { forgetHeads } from './scripts/queries.ts'

/** Deletes a pipeline, ends its runs, and says so; one that is not there is `not_found`. What it has trained stays. */
export async function remove(sql: Sql<typeof pipelineDeleted.type>, pipeline: string): Promise<void> {
  await sql.transaction(async (tx) => {
    const model = await deletePipeline(tx.query, pipeline)
    if (model === null) throw new PlatformError('not_found', `no pipeline ${pipeline}`)
    await forgetHeads(tx.query)
    for (const job of await openJobs(tx.query, pipeline)) await tx.cancelJob(job)
    tx.emit(pipelineDeleted, { pipeline, model })
  })
}

/** What a dataset's deletion means here: nothing starts on its versions any more; pipelines wait for new ones. */
export async function forgetDataset(
  tx: Transaction,
  { dataset, versions }: z.infer<typeof datasetDeleted.data>,
): Promise<void> {
  await tx.lock(`datasets/${dataset}`)
  await markDeleted(tx.query, { kind: 'dataset', name: dataset, upTo: versions })
  await forgetExtractionsOf(tx.query, dataset, versions)
}

/** What a view's deletion means here: nothing starts on its extractions any more. */
export async function forgetView(
  tx: Transaction,
  { view, extractions }: z.infer<typeof viewDeleted.data>,
): Promise<void> {
  await tx.lock(`views/${view}`)
  await markDeleted(tx.query, { kind: 'view', name: view, upTo: extractions })
  await forgetExtractionsBy(tx.query, view, extractions)
}

/** What a model's deletion means here: its runs until then stay as history, but keep nothing and end. */
export async function forgetModel(
  tx: Transaction,
  { model, deletedAt }: z.infer<typeof modelDeleted.data>,
): Promise<void> {
  await tx.lock(`models/${model}`)
  await markModelDeleted(tx.query, model, deletedAt)
  for (const { id, job } of await runsUntil(tx.query, model, deletedAt)) {
    // One that has no end yet reads what was laid down for it, and releases it when it ends.
    if (job === null) await tx.release(`runs/${id}`)
    else await tx.cancelJob(job)
  }
}

/** Whether a run's model was deleted after the run was asked for; until this transaction's end nothing of that changes. */
export async function isForNobody(
  tx: Transaction<string>,
  row: Pick<RunRow, 'model' | 'created_at'>,
): Promise<boolean> {
  await tx.lock(`models/${row.model}`)
  const deleted = await modelDeletedAt(tx.query, row.model)
  return deleted !== null && row.created_at <= deleted
}

/** Holds off the deletion of these extractions' views and data until the transaction's end; in one order, by everybody. */
export async function holdInputs(tx: Pick<Transaction, 'lock'>, extractions: readonly Extraction[]): Promise<void> {
  const names = extractions.flatMap(({ view, inputs }) => [
    ...inputs.map(({ dataset }) => `datasets/${dataset}`),
    `views/${view}`,
  ])
  for (const name of [...new Set(names)].sort()) await tx.lock(name)
}
