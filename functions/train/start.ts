import { hash } from 'node:crypto'
import { trainingFailed, trainingStarted } from 'mezz/events'
import type { ObjectRef, Ports, Transaction } from 'mezz/ports'
import { readJson } from 'mezz/read-object'
import type { Definition } from 'mezz/tabular/definition'
import { aimAt, Definition as DefinitionSchema } from 'mezz/tabular/definition'
import { identifier } from 'mezz/tabular/quote'
import { uuidv7 } from 'mezz/uuid'
import type { Extraction } from './facts.ts'
import type { LabelType } from './gbdt/labels.ts'
import type { Pipeline } from './pipeline.ts'
import { addRun, setJob } from './queries.ts'

export type StartTypes = (typeof trainingStarted | typeof trainingFailed)['type']

/** What a run needs, laid down; or why it cannot be. */
export type Prepared =
  | { readonly table: ObjectRef; readonly definition: ObjectRef; readonly targetType: LabelType }
  | { readonly reason: string }

/** Lays down what the trainer reads: the target and the features as CSV, and the definition aimed at the target. */
export async function prepare(
  { objects, tables }: Pick<Ports, 'objects' | 'tables'>,
  { target, task }: Pick<Pipeline, 'target' | 'task'>,
  extraction: Pick<Extraction, 'view' | 'table' | 'definition'>,
): Promise<Prepared> {
  const whole = await readJson(objects, extraction.definition, DefinitionSchema)
  const found = targetOf(whole, { target, task, view: extraction.view })
  if ('reason' in found) return found
  const aimed = aimAt(whole, target)
  if (aimed.features.length === 0) return { reason: `the view ${extraction.view} has no column beside ${target}` }
  const columns = [found.feature, ...aimed.features.map(({ name }) => name)].map(identifier)
  const select = `select ${columns.map((column, at) => `${column} as c${at}`).join(', ')} from data`
  const { rows: _, ...table } = await tables.open({ data: [extraction.table] }, (session) =>
    session.store(select, { format: 'csv' }),
  )
  const definition = await objects.put(new TextEncoder().encode(JSON.stringify(aimed)))
  return { table, definition, targetType: found.type }
}

/** Starts a run in this transaction; `once` for one that starts by itself, of which there is one for the same pipeline, extraction and settings. Answers with its id, or null when it was there. */
export async function start(
  tx: Transaction<StartTypes>,
  pipeline: Pipeline,
  {
    extraction,
    prepared,
    once,
  }: { readonly extraction: Extraction; readonly prepared: Prepared; readonly once: boolean },
): Promise<string | null> {
  const id = uuidv7()
  const told = {
    run: id,
    model: pipeline.model,
    pipeline: pipeline.name,
    view: extraction.view,
    extraction: extraction.extraction,
  }
  const failed = 'reason' in prepared
  // What the trainer was given stands in the run: what the pipeline is later does not touch it.
  const facts = failed
    ? { pipeline, extraction }
    : { pipeline, extraction: { ...extraction, definition: prepared.definition } }
  const key = once ? `${pipeline.name} ${extraction.extraction} ${hash('sha256', JSON.stringify(pipeline))}` : null
  const isNew = await addRun(tx.query, { id, facts, once: key, job: null, error: failed ? prepared.reason : null })
  if (!isNew) return null
  if (failed) {
    tx.emit(trainingFailed, { ...told, error: prepared.reason })
    return id
  }
  const { target, task, parameters, holdout, resources } = pipeline
  const settings = { target, targetType: prepared.targetType, task, parameters, holdout }
  const job = tx.startJob({
    program: 'gbdt',
    inputs: { TABLE: prepared.table, DEFINITION: prepared.definition },
    environment: { SETTINGS: JSON.stringify(settings) },
    ...(resources ? { resources } : {}),
    for: { pipeline: pipeline.name, model: pipeline.model },
  })
  await setJob(tx.query, id, job)
  await tx.keep(`runs/${id}`, [prepared.table, prepared.definition])
  tx.emit(trainingStarted, told)
  return id
}

function targetOf(
  { columns, features }: Definition,
  { target, task, view }: { readonly target: string; readonly task: Pipeline['task']; readonly view: string },
): { readonly feature: string; readonly type: LabelType } | { readonly reason: string } {
  const column = columns.find(({ name }) => name === target)
  if (!column)
    return { reason: `the view ${view} has no column ${target}; it has ${columns.map(({ name }) => name).join(', ')}` }
  const feature = features.find((one) => one.column === target && ['number', 'boolean', 'category'].includes(one.of))
  if (!feature) return { reason: `${target} is a time, which cannot be foretold` }
  if (task === 'regression' && feature.of !== 'number')
    return { reason: `${target} is no number, so it is no regression` }
  return {
    feature: feature.name,
    type: feature.of === 'number' ? 'number' : feature.of === 'boolean' ? 'boolean' : 'category',
  }
}
