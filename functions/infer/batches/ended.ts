import { PlatformError } from 'mezz/errors'
import type { jobEnded } from 'mezz/events'
import { batchCompleted } from 'mezz/events'
import type { ObjectRef, Objects, Transaction } from 'mezz/ports'
import { readJson } from 'mezz/read-object'
import type * as z from 'zod'
import { Refusal, Result } from '../batch/result.ts'
import type { BatchRow } from './queries.ts'
import { endBatch } from './queries.ts'

/** What a batch has come to: its predictions as a blob, or why there are none. */
export type Outcome =
  | { readonly result: Result; readonly part: ObjectRef }
  | { readonly error: string }
  | { readonly cancelled: true }

/** Reads what the program left. */
export async function outcomeOf(
  objects: Objects,
  { state, outputs, error }: z.infer<typeof jobEnded.data>,
): Promise<Outcome> {
  if (state === 'cancelled') return { cancelled: true }
  if (state === 'failed') return { error: error ?? 'the job failed and did not say why' }
  const refusal = outputs['refusal.json']
  if (refusal) return { error: (await readJson(objects, refusal, Refusal)).reason }
  try {
    const result = await readJson(objects, output(outputs, 'result.json'), Result)
    return { result, part: await asBlob(objects, output(outputs, result.part)) }
  } catch (error) {
    // What a program left stays as it is: asking again would not help.
    if (error instanceof PlatformError && error.code === 'unprocessable') return { error: error.message }
    throw error
  }
}

function output(outputs: Readonly<Record<string, ObjectRef>>, name: string): ObjectRef {
  const found = outputs[name]
  if (!found) throw new PlatformError('unprocessable', `the program left no ${name}`)
  return found
}

/** A dataset is made of blobs, which outlive the outputs of a job. */
async function asBlob(objects: Objects, { name }: ObjectRef): Promise<ObjectRef> {
  const found = await objects.read(name)
  if (!found) throw new PlatformError('unprocessable', `the program's ${name} is not there any more`)
  return objects.put(found.body)
}

/** Ends the batch in this transaction, and tells of its predictions. */
export async function end(tx: Transaction<typeof batchCompleted.type>, row: BatchRow, outcome: Outcome): Promise<void> {
  if (!('part' in outcome)) {
    const ended = 'error' in outcome ? { state: 'failed' as const, error: outcome.error } : CANCELLED
    await endBatch(tx.query, row.id, { ...ended, digest: null, unpredicted: null })
    return
  }
  const { part, result } = outcome
  const { schema, rows, unpredicted } = result
  const ended = { state: 'succeeded', error: null, digest: `sha256:${part.sha256}`, unpredicted } as const
  if (!(await endBatch(tx.query, row.id, ended))) return
  await tx.keep(`batches/${row.id}`, [part])
  const { id: batch, model, version, dataset, dataset_version: datasetVersion } = row
  tx.emit(batchCompleted, { batch, model, version, dataset, datasetVersion, result: row.result, part, schema, rows })
}

const CANCELLED = { state: 'cancelled', error: null } as const
