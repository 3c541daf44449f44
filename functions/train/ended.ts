import { hash } from 'node:crypto'
import { PlatformError } from 'mezz/errors'
import type { jobEnded } from 'mezz/events'
import { modelTrained, Signature, trainingFailed } from 'mezz/events'
import type { ObjectRef, Objects, Transaction } from 'mezz/ports'
import { readJson } from 'mezz/read-object'
import type { ServedScript } from 'mezz/workload'
import * as z from 'zod'
import { isForNobody } from './delete.ts'
import type { RunFacts, RunRow } from './facts.ts'
import { parseParameters } from './gbdt/parameters.ts'
import { datasetName } from './job-request.ts'
import type { Pipeline } from './pipeline.ts'
import { endRun } from './queries.ts'
import { FAULT } from './script/fault.ts'
import { codeOf } from './source.ts'
import type { ScriptSource } from './trainer.ts'

export type EndTypes = (typeof modelTrained | typeof trainingFailed)['type']

type Ended = z.infer<typeof jobEnded.data>
type Trained = z.infer<typeof modelTrained.data>

/** Raised when the same table and parameters may give other trees. */
const VERSION = 1

/** What cannot be learnt from is no fault of the program, and trying again would not help. */
const Refusal = z.object({ reason: z.string() })
const Metrics = z.record(z.string(), z.number())

/** What a run has come to: a trained model with all that judges it, or why there is none. */
export type Outcome = { readonly trained: Trained } | { readonly error: string } | { readonly cancelled: true }

/** Reads what the program left. */
export async function outcomeOf(objects: Objects, row: RunRow, ended: Ended): Promise<Outcome> {
  if (ended.state === 'cancelled') return { cancelled: true }
  if (ended.state === 'failed') return { error: reasonOf(ended.error ?? 'the job failed and did not say why') }
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

/** Of a script that is at fault the one line that says so, else all that the launcher told. */
function reasonOf(error: string): string {
  const [first = '', ...said] = error.trim().split('\n')
  return (first.endsWith(`ended with exit code ${FAULT}. It said last:`) ? said.at(-1) : undefined) ?? error
}

async function trainedOf(objects: Objects, row: RunRow, ended: Ended): Promise<Trained> {
  const { pipeline, extraction, source } = row.order_facts
  const output = (name: string) => demand(ended.outputs, name)
  const metrics = await readJson(objects, output('metrics.json'), Metrics)
  const signature = await readJson(objects, output('signature.json'), Signature)
  const { publish, serving } = pipeline
  return {
    run: row.id,
    model: row.model,
    pipeline: row.pipeline,
    view: extraction.view,
    extraction: extraction.extraction,
    inputs: extraction.inputs,
    definition: extraction.definition,
    reference: output('reference.json'),
    metrics,
    signature,
    ...(publish ? { publish } : {}),
    ...(serving ? { serving } : {}),
    data: { digest: `sha256:${extraction.table.sha256}` },
    seed: 0,
    orderedAt: row.created_at.toISOString(),
    ...(source ? ofScript(row.order_facts, source, ended.outputs) : ofGbdt(pipeline, output)),
  }
}

type Output = (name: string) => ObjectRef
type Made = Pick<Trained, 'format' | 'artifact' | 'encoder' | 'code' | 'environment' | 'script'>

function ofGbdt({ parameters }: Pipeline, output: Output): Made {
  return {
    format: 'lightgbm-text',
    artifact: output('model.txt'),
    encoder: output('encoder.json'),
    code: {
      trainer: 'gbdt',
      digest: digest({ trainer: 'gbdt', version: VERSION, parameters: parseParameters(parameters) }),
    },
    environment: { digest: digest({ node: process.versions.node, platform: process.platform, arch: process.arch }) },
  }
}

function ofScript(facts: RunFacts, source: ScriptSource, outputs: Ended['outputs']): Made {
  const lock = demand(outputs, 'environment.txt')
  const common = { code: codeOf(source), environment: { digest: `sha256:${lock.sha256}`, lock } }
  const { 'model.onnx': onnx, 'contract.json': contract } = outputs
  if (contract) {
    const script = servedScript(facts, source, { contract, outputs })
    return { ...common, format: 'script', artifact: script.state ?? script.files, script }
  }
  return { ...common, format: onnx ? 'onnx' : 'lightgbm-text', artifact: onnx ?? demand(outputs, 'model.txt') }
}

/** All that a script is started with where it serves what it has learnt. */
function servedScript(
  { pipeline, extraction, table }: RunFacts,
  source: ScriptSource,
  { contract, outputs }: { readonly contract: ObjectRef; readonly outputs: Ended['outputs'] },
): ServedScript {
  if (!table) throw new PlatformError('unprocessable', 'the run is older than mezz.serve: start another')
  const { target, task, parameters } = pipeline
  const state = outputs['state.pickle']
  return {
    files: source.kind === 'script' ? source.object : demand(outputs, 'script.tar'),
    entry: source.entry,
    table,
    dataset: datasetName(pipeline, extraction),
    contract,
    ...(state ? { state } : {}),
    target,
    task,
    parameters,
  }
}

function demand(outputs: Ended['outputs'], name: string): ObjectRef {
  const found = outputs[name]
  if (!found) throw new PlatformError('unprocessable', `the program left no ${name}`)
  return found
}

function digest(facts: object): string {
  return `sha256:${hash('sha256', JSON.stringify(facts))}`
}

function keptOf({ artifact, encoder, reference, definition, script, environment: { lock } }: Trained): ObjectRef[] {
  const served = script ? [script.files, script.table, script.contract] : []
  return [...served, artifact, reference, definition, ...(encoder ? [encoder] : []), ...(lock ? [lock] : [])]
}

/** Ends the run in this transaction, and tells what came of it; nothing comes of one whose model was deleted meanwhile. */
export async function end(
  tx: Transaction<EndTypes>,
  row: RunRow,
  { outcome: came, startedAt }: { readonly outcome: Outcome; readonly startedAt: Date | null },
): Promise<void> {
  const { id, model, pipeline, order_facts: facts } = row
  const isGone = await isForNobody(tx, row)
  const outcome: Outcome = isGone && 'trained' in came ? { cancelled: true } : came
  if (isGone) await tx.release(`runs/${id}`)
  if ('trained' in outcome) {
    const { trained } = outcome
    const isFirst = await endRun(tx.query, id, { state: 'succeeded', metrics: trained.metrics, error: null, startedAt })
    if (!isFirst) return
    await tx.keep(`runs/${id}`, keptOf(trained))
    tx.emit(modelTrained, trained)
    return
  }
  const error = 'error' in outcome ? outcome.error : isGone ? 'its model was deleted' : 'cancelled'
  const state = 'error' in outcome ? 'failed' : 'cancelled'
  const isFirst = await endRun(tx.query, id, { state, metrics: {}, error, startedAt })
  if (!isFirst) return
  const { view, extraction } = facts.extraction
  tx.emit(trainingFailed, { run: id, model, pipeline, view, extraction, error })
}
