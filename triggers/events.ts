import * as z from 'zod'
import { defineEvent } from '../runtime/event.ts'
import { jobEnded, ObjectRefSchema as ObjectRef } from '../runtime/job-ended.ts'
import { ServedScript, Serving } from '../runtime/workload.ts'

// The vocabulary of the platform: every fact that its own functions tell, additive within a version.

const Name = z.string().min(1)
const Column = z.object({ name: z.string().min(1), type: z.enum(['number', 'boolean', 'time', 'text']) })
const Run = { run: z.string(), model: Name }
/** When the run was asked for, by the database's clock: a model deleted after that wants nothing of it. */
const Ordered = { orderedAt: z.iso.datetime().optional() }

export const datasetIngested = defineEvent({
  type: 'mezz.dataset.ingested.v1',
  topic: 'datasets',
  data: z.object({
    dataset: Name,
    version: z.int().positive(),
    kind: z.enum(['table', 'files']),
    /** Parquet, in the order of the rows. */
    parts: z.array(ObjectRef),
    schema: z.array(Column),
    rows: z.int().nonnegative(),
    /** `sha256:` + hex of the decoded bytes. */
    digest: z.string(),
  }),
  key: ({ dataset }) => dataset,
})

export const datasetDeleted = defineEvent({
  type: 'mezz.dataset.deleted.v1',
  topic: 'datasets',
  data: z.object({
    dataset: Name,
    /** Its versions from 1 to this are gone; a later one is of a dataset that began anew. */
    versions: z.int().positive(),
    /** By the database's clock. */
    deletedAt: z.iso.datetime(),
  }),
  key: ({ dataset }) => dataset,
})

export const annotationCompleted = defineEvent({
  type: 'mezz.annotation.completed.v1',
  topic: 'datasets',
  data: z.object({
    project: Name,
    /** The version whose rows were labelled. */
    dataset: Name,
    version: z.int().positive(),
    /** Parquet: `row`, which counts from 0, and its `label`; rows without a label are not in it. */
    labels: ObjectRef,
    /** The column that the labels become. */
    column: z.string().min(1),
  }),
  key: ({ dataset }) => dataset,
})

export const projectDeleted = defineEvent({
  type: 'mezz.project.deleted.v1',
  topic: 'datasets',
  data: z.object({ project: Name, dataset: Name }),
  key: ({ dataset }) => dataset,
})

export const featuresExtracted = defineEvent({
  type: 'mezz.features.extracted.v1',
  topic: 'features',
  data: z.object({
    view: Name,
    extraction: z.string(),
    inputs: z.array(z.object({ dataset: Name, version: z.int().positive() })),
    /** The view's definition as compiled (JSON), which rows are turned into features by as well. */
    definition: ObjectRef,
    /** Typed raw columns, Parquet, in the order of the rows. */
    table: ObjectRef,
    columns: z.array(z.string()),
    rows: z.int().nonnegative(),
    /** Later extractions have higher ones. */
    number: z.int().positive().optional(),
  }),
  key: ({ view }) => view,
})

export const viewDeleted = defineEvent({
  type: 'mezz.view.deleted.v1',
  topic: 'features',
  data: z.object({
    view: Name,
    /** Its extractions up to this number are gone; a later one is of a view that was put anew. */
    extractions: z.int().nonnegative(),
  }),
  key: ({ view }) => view,
})

export { jobEnded }

const Training = z.object({ ...Run, pipeline: Name, view: Name, extraction: z.string() })

export const trainingStarted = defineEvent({
  type: 'mezz.training.started.v1',
  topic: 'training',
  data: Training,
  key: ({ model }) => model,
})

export const trainingFailed = defineEvent({
  type: 'mezz.training.failed.v1',
  topic: 'training',
  data: Training.extend({ error: z.string() }),
  key: ({ model }) => model,
})

export const pipelineDeleted = defineEvent({
  type: 'mezz.pipeline.deleted.v1',
  topic: 'training',
  data: z.object({ pipeline: Name, model: Name }),
  key: ({ model }) => model,
})

export const scriptDeleted = defineEvent({
  type: 'mezz.script.deleted.v1',
  topic: 'training',
  data: z.object({
    script: Name,
    /** Its versions from 1 to this are gone; a later one is of a script that was put anew. */
    versions: z.int().positive(),
  }),
  key: ({ script }) => script,
})

/** What a model foretells, and of what. */
export const Signature = z.object({
  task: z.enum(['classification', 'regression']),
  target: z.string(),
  /** Class labels in the order of the scores, as JSON values. */
  classes: z.array(z.union([z.string(), z.number(), z.boolean()])).optional(),
  /** Where there is no encoder: the columns that the model takes, in its order; `missing` is the text that stands for no value, '' unless said. */
  inputs: z.array(z.object({ column: z.string(), missing: z.string().optional() })).optional(),
})

export const modelTrained = defineEvent({
  type: 'mezz.model.trained.v1',
  topic: 'models',
  data: z.object({
    ...Run,
    pipeline: Name,
    view: Name,
    extraction: z.string(),
    inputs: z.array(z.object({ dataset: Name, version: z.int().positive() })),
    /** A `script` is no graph: it serves itself. */
    format: z.enum(['lightgbm-text', 'onnx', 'script']),
    artifact: ObjectRef,
    /** The view's definition that the rows went through. */
    definition: ObjectRef,
    /** What was learnt about the columns, fitted on the training rows only; a script's graph takes the raw columns and has none. */
    encoder: ObjectRef.optional(),
    /** The holdout's rows (of a script: some of all) with the trainer's own scores. */
    reference: ObjectRef,
    metrics: z.record(z.string(), z.number()),
    signature: Signature,
    publish: z.object({ metric: z.string(), atLeast: z.number().optional(), atMost: z.number().optional() }).optional(),
    /** Asked for by its pipeline: processes of its own. */
    serving: Serving.optional(),
    /** Of the format `script`: all that it is started with. */
    script: ServedScript.optional(),
    code: z.object({ trainer: z.string(), digest: z.string() }),
    /** `lock` lists a script's packages with their versions. */
    environment: z.object({ digest: z.string(), lock: ObjectRef.optional() }),
    data: z.object({ digest: z.string() }),
    seed: z.int(),
    ...Ordered,
  }),
  key: ({ model }) => model,
})

export const modelConverted = defineEvent({
  type: 'mezz.model.converted.v1',
  topic: 'models',
  data: z.object({
    ...Run,
    onnx: ObjectRef,
    report: z.object({
      opset: z.string(),
      rows: z.int().nonnegative(),
      leafMismatches: z.int().nonnegative(),
      maxAbsoluteDifference: z.number().nonnegative(),
    }),
    ...Ordered,
  }),
  key: ({ model }) => model,
})

export const conversionFailed = defineEvent({
  type: 'mezz.conversion.failed.v1',
  topic: 'models',
  data: z.object({ ...Run, reason: z.string(), ...Ordered }),
  key: ({ model }) => model,
})

export const modelPublished = defineEvent({
  type: 'mezz.model.published.v1',
  topic: 'models',
  data: z.object({
    ...Run,
    version: z.int().positive(),
    /** Percent. */
    traffic: z.number().min(0).max(100),
    package: ObjectRef,
  }),
  key: ({ model }) => model,
})

export const modelRejected = defineEvent({
  type: 'mezz.model.rejected.v1',
  topic: 'models',
  data: z.object({ ...Run, version: z.int().positive(), reason: z.string() }),
  key: ({ model }) => model,
})

export const modelDeleted = defineEvent({
  type: 'mezz.model.deleted.v1',
  topic: 'models',
  data: z.object({
    model: Name,
    /** Its versions from 1 to this are gone; a later one is of a model that began anew. */
    versions: z.int().positive(),
    /** By the database's clock: what comes of runs that were asked for before is for nobody. */
    deletedAt: z.iso.datetime(),
  }),
  key: ({ model }) => model,
})

export const batchCompleted = defineEvent({
  type: 'mezz.batch.completed.v1',
  topic: 'models',
  data: z.object({
    batch: z.string(),
    model: Name,
    version: z.int().positive(),
    /** The version whose rows were predicted. */
    dataset: Name,
    datasetVersion: z.int().positive(),
    /** The dataset that the predictions become a version of. */
    result: Name,
    /** Parquet: a row for each row of the dataset, in its order. */
    part: ObjectRef,
    schema: z.array(Column),
    rows: z.int().positive(),
  }),
  key: ({ result }) => result,
})
