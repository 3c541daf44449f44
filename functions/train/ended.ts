import { hash } from 'node:crypto'
import { PlatformError } from 'mezz/errors'
import type { jobEnded } from 'mezz/events'
import { modelTrained, trainingFailed } from 'mezz/events'
import type { ObjectRef, Objects, Transaction } from 'mezz/ports'
import { readJson } from 'mezz/read-object'
import * as z from 'zod'
import type { RunRow } from './facts.ts'
import { parseParameters } from './gbdt/parameters.ts'
import { endRun } from './queries.ts'

export type EndTypes = (typeof modelTrained | typeof trainingFailed)['type']

type Ended = z.infer<typeof jobEnded.data>
type Trained = z.infer<typeof modelTrained.data>

/** Raised when the same table and parameters may give other trees. */
const VERSION = 1

/** What cannot be learnt from is no fault of the program, and trying again would not help. */
const Refusal = z.object({ reason: z.string() })
const Metrics = z.record(z.string(), z.number())
const Signature = z.object({
  task: z.enum(['classification', 'regression']),
  target: z.string(),
  classes: z.array(z.union([z.string(), z.number(), z.boolean()])).optional(),
})

/** What a run has come to: a trained model with all that judges it, or why there is none. */
export type Outcome = { readonly trained: Trained } | { readonly error: string } | { readonly cancelled: true }

/** Reads what the program left. */
export async function outcomeOf(objects: Objects, row: RunRow, ended: Ended): Promise<Outcome> {
  if (ended.state === 'cancelled') return { cancelled: true }
  if (ended.state === 'failed') return { error: ended.error ?? 'the job failed and did not say why' }
  try {
    const refusal = ended.outputs['refusal.json']
    if (refusal) return { error: (await readJson(objects, refusal, Refusal)).reason }
    return { trained: await trainedOf(objects, row, ended) }
  } catch (error) {
    // What a program left stays as it is: asking again would not help.
    if (error instanceof PlatformError && error.code === 'unprocessable') return { error: error.message }
    throw error
  }
}

async function trainedOf(objects: Objects, row: RunRow, ended: Ended): Promise<Trained> {
  const { pipeline, extraction } = row.order_facts
  const output = (name: string): ObjectRef => {
    const found = ended.outputs[name]
    if (!found) throw new PlatformError('unprocessable', `the program left no ${name}`)
    return found
  }
  const metrics = await readJson(objects, output('metrics.json'), Metrics)
  const signature = await readJson(objects, output('signature.json'), Signature)
  return {
    run: row.id,
    model: row.model,
    pipeline: row.pipeline,
    view: extraction.view,
    extraction: extraction.extraction,
    inputs: extraction.inputs,
    format: 'lightgbm-text',
    artifact: output('model.txt'),
    definition: extraction.definition,
    encoder: output('encoder.json'),
    reference: output('reference.json'),
    metrics,
    signature,
    ...(pipeline.publish ? { publish: pipeline.publish } : {}),
    code: {
      trainer: pipeline.trainer,
      digest: digest({
        trainer: pipeline.trainer,
        version: VERSION,
        parameters: parseParameters(pipeline.parameters),
      }),
    },
    environment: { digest: digest({ node: process.versions.node, platform: process.platform, arch: process.arch }) },
    data: { digest: `sha256:${extraction.table.sha256}` },
    seed: 0,
  }
}

function digest(facts: object): string {
  return `sha256:${hash('sha256', JSON.stringify(facts))}`
}

/** Ends the run in this transaction, and tells what came of it. */
export async function end(
  tx: Transaction<EndTypes>,
  row: RunRow,
  { outcome, startedAt }: { readonly outcome: Outcome; readonly startedAt: Date | null },
): Promise<void> {
  const { id, model, pipeline, order_facts: facts } = row
  if ('trained' in outcome) {
    const { trained } = outcome
    const isFirst = await endRun(tx.query, id, { state: 'succeeded', metrics: trained.metrics, error: null, startedAt })
    if (!isFirst) return
    await tx.keep(`runs/${id}`, [trained.artifact, trained.encoder, trained.reference, trained.definition])
    tx.emit(modelTrained, trained)
    return
  }
  const error = 'error' in outcome ? outcome.error : 'cancelled'
  const state = 'error' in outcome ? 'failed' : 'cancelled'
  const isFirst = await endRun(tx.query, id, { state, metrics: {}, error, startedAt })
  if (!isFirst) return
  const { view, extraction } = facts.extraction
  tx.emit(trainingFailed, { run: id, model, pipeline, view, extraction, error })
}
