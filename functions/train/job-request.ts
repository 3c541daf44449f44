import type { JobRequest } from 'mezz/ports'
import type { Extraction } from './facts.ts'
import type { Pipeline } from './pipeline.ts'
import type { Laid } from './prepare.ts'
import { programOf } from './source.ts'
import type { ScriptSource, Source } from './trainer.ts'

/** Of a run of a script whose pipeline does not say: an hour, and what a table of some gigabytes may need. */
const SCRIPT = { timeout: 3600, resources: { cpu: '1', memory: '4Gi' } } as const

export interface Order {
  readonly extraction: Extraction
  readonly prepared: Laid
  readonly source: Source
}

/** The job that trains by this source on what was laid down. */
export function jobOf(pipeline: Pipeline, { extraction, prepared, source }: Order): JobRequest {
  const job =
    source.kind === 'gbdt' ? gbdtJob(pipeline, prepared) : scriptJob(pipeline, { extraction, prepared, source })
  return { ...job, for: { pipeline: pipeline.name, model: pipeline.model } }
}

function gbdtJob(
  { target, task, parameters, holdout, resources }: Pipeline,
  { table, definition, targetType }: Laid,
): JobRequest {
  return {
    program: 'gbdt',
    inputs: { TABLE: table, DEFINITION: definition },
    environment: { SETTINGS: JSON.stringify({ target, targetType, task, parameters, holdout }) },
    ...(resources ? { resources } : {}),
  }
}

function scriptJob(
  { target, task, parameters, holdout, resources, runtime, timeout, dataset }: Pipeline,
  { extraction: { inputs }, prepared: { table }, source }: Order & { readonly source: ScriptSource },
): JobRequest {
  const from = source.kind === 'git' ? { git: { url: source.git, ref: source.ref, commit: source.commit } } : {}
  const settings = {
    dataset: datasetName({ dataset }, { inputs }),
    target,
    task,
    parameters,
    holdout,
    entry: source.entry,
    runtime: programOf(source, runtime),
    ...from,
  }
  return {
    program: 'script',
    inputs: { TABLE: table, ...(source.kind === 'script' ? { SCRIPT: source.object } : {}) },
    environment: { SETTINGS: JSON.stringify(settings) },
    resources: resources ?? SCRIPT.resources,
    timeout: timeout ?? SCRIPT.timeout,
  }
}

/** Under what name a script finds its table. */
export function datasetName({ dataset }: Pick<Pipeline, 'dataset'>, { inputs }: Pick<Extraction, 'inputs'>): string {
  return dataset ?? inputs[0]?.dataset ?? 'data'
}
