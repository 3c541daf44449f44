import { hash } from 'node:crypto'
import { trainingFailed, trainingStarted } from 'mezz/events'
import type { Ports, Sql, Transaction } from 'mezz/ports'
import { uuidv7 } from 'mezz/uuid'
import { holdInputs } from './delete.ts'
import { isGone, sharePipeline } from './deleted-queries.ts'
import type { Extraction } from './facts.ts'
import { jobOf } from './job-request.ts'
import type { Pipeline } from './pipeline.ts'
import type { Prepared } from './prepare.ts'
import { prepare } from './prepare.ts'
import { addRun, hasRun, lastExtraction, setJob } from './queries.ts'
import { shareScript } from './scripts/queries.ts'
import { codeOf, sourceOf } from './source.ts'
import type { Source } from './trainer.ts'

export type StartTypes = (typeof trainingStarted | typeof trainingFailed)['type']

/** All that a run needs. */
export interface Ready {
  readonly pipeline: Pipeline
  readonly extraction: Extraction
  readonly source: Source
  readonly prepared: Prepared
}

interface ReadyOptions {
  /** By default the newest one. */
  readonly extraction?: Extraction
  /** Not where the run that would start by itself is there already. */
  readonly once: boolean
}

type Desk = Pick<Ports<StartTypes>, 'objects' | 'tables'> & { readonly sql: Pick<Sql, 'query'> }

/** Lays down what a run of this pipeline needs, or says what it waits for: null where its run is there. */
export async function ready(
  { objects, sql, tables }: Desk,
  pipeline: Pipeline,
  { extraction: given, once }: ReadyOptions,
): Promise<Ready | { readonly waitingFor: string | null }> {
  const found = await sourceOf(sql.query, pipeline.trainer)
  if ('waitingFor' in found) return found
  const extraction = given ?? (await lastExtraction(sql.query, pipeline.view))
  if (!extraction) return { waitingFor: `features of the view ${pipeline.view}` }
  const known = { pipeline, extraction, source: found.source }
  if (once && (await hasRun(sql.query, onceKey(known)))) return { waitingFor: null }
  return { ...known, prepared: await prepare({ objects, tables }, pipeline, extraction) }
}

/** Those of the pipelines whose run can start by itself now; one after the other, since each has the memory of a table query. */
export async function readyOf(ports: Desk, pipelines: readonly Pipeline[], extraction?: Extraction): Promise<Ready[]> {
  const all: Ready[] = []
  for (const pipeline of pipelines) {
    const found = await ready(ports, pipeline, { once: true, ...(extraction ? { extraction } : {}) })
    if (!('waitingFor' in found)) all.push(found)
  }
  return all
}

/** Of a run that starts by itself there is one for the same of all these. */
function onceKey({ pipeline, extraction, source }: Omit<Ready, 'prepared'>): string {
  const settled = source.kind === 'gbdt' ? pipeline : [pipeline, codeOf(source)]
  return `${pipeline.name} ${extraction.extraction} ${hash('sha256', JSON.stringify(settled))}`
}

/** Starts these runs in this transaction, but for those whose pipeline, script, view or data were deleted meanwhile; `once` for those that start by themselves, of which there is one for the same pipeline, extraction, script and settings. Answers with the ids of those that are new. */
export async function start(
  tx: Transaction<StartTypes>,
  all: readonly Ready[],
  options: { readonly once: boolean },
): Promise<string[]> {
  await holdInputs(
    tx,
    all.map(({ extraction }) => extraction),
  )
  const ids: string[] = []
  for (const one of all) {
    if (!(await sharePipeline(tx.query, one.pipeline.name))) continue
    if (one.source.kind === 'script' && !(await shareScript(tx.query, one.source))) continue
    if (await isGone(tx.query, one.extraction)) continue
    const id = await startOne(tx, one, options)
    if (id !== null) ids.push(id)
  }
  return ids
}

async function startOne(
  tx: Transaction<StartTypes>,
  { pipeline, extraction, prepared, source }: Ready,
  { once }: { readonly once: boolean },
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
  const script = source.kind === 'gbdt' ? {} : { source }
  const facts = failed
    ? { pipeline, extraction, ...script }
    : {
        pipeline,
        extraction: { ...extraction, definition: prepared.definition },
        ...script,
        ...(source.kind === 'gbdt' ? {} : { table: prepared.table }),
      }
  const key = once ? onceKey({ pipeline, extraction, source }) : null
  const isNew = await addRun(tx.query, { id, facts, once: key, job: null, error: failed ? prepared.reason : null })
  if (!isNew) return null
  if (failed) {
    tx.emit(trainingFailed, { ...told, error: prepared.reason })
    return id
  }
  const job = tx.startJob(jobOf(pipeline, { extraction, prepared, source }))
  await setJob(tx.query, id, job)
  const object = source.kind === 'script' ? [source.object] : []
  await tx.keep(`runs/${id}`, [prepared.table, prepared.definition, ...object])
  tx.emit(trainingStarted, told)
  return id
}
