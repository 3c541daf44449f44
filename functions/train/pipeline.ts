import { PlatformError } from 'mezz/errors'
import { Name } from 'mezz/validate'
import { Serving } from 'mezz/workload'
import * as z from 'zod'
import { parseParameters } from './gbdt/parameters.ts'
import { gpuUnavailable, ResourcesOrder, ServingOrder, servingOf } from './serving.ts'
import { Trainer } from './trainer.ts'

const METRICS = {
  classification: ['accuracy', 'logLoss', 'f1', 'auc'],
  regression: ['rmse', 'mae', 'r2'],
} as const

const LONGEST_COLUMN = 1000
/** A week. */
const LONGEST_RUN = 7 * 24 * 3600

/** When a version is published by itself. */
export const PublishRule = z
  .strictObject({ metric: z.string(), atLeast: z.number().optional(), atMost: z.number().optional() })
  .refine(({ atLeast, atMost }) => (atLeast === undefined) !== (atMost === undefined), {
    message: 'needs atLeast or atMost, one of them',
  })

/** What `PUT /pipelines/{name}` takes. */
export const PipelineOrder = z
  .strictObject({
    dataset: Name.optional(),
    view: Name.optional(),
    model: Name.optional(),
    target: z.string().min(1).max(LONGEST_COLUMN).refine(isStorable, 'must be text without NUL'),
    task: z.enum(['classification', 'regression']),
    trainer: Trainer.default('gbdt'),
    /** What runs a script: by default what its ending says. */
    runtime: z.enum(['python', 'node']).optional(),
    /** Seconds that a run of a script may take. */
    timeout: z.int().min(1).max(LONGEST_RUN).optional(),
    parameters: z.record(z.string(), z.unknown()).default({}),
    resources: ResourcesOrder.optional(),
    gpu: z.looseObject({}).optional(),
    holdout: z.number().gt(0).max(0.5).default(0.2),
    publish: PublishRule.optional(),
    /** Processes of its own for its model. */
    serving: ServingOrder.optional(),
  })
  .refine(({ dataset, view }) => (dataset === undefined) !== (view === undefined), {
    message: 'needs dataset or view, one of them',
    path: ['dataset'],
  })

export type PipelineOrder = z.infer<typeof PipelineOrder>

export const Pipeline = z.object({
  name: z.string(),
  dataset: z.string().optional(),
  view: z.string(),
  model: z.string(),
  target: z.string(),
  task: z.enum(['classification', 'regression']),
  trainer: Trainer,
  runtime: z.enum(['python', 'node']).optional(),
  timeout: z.int().optional(),
  parameters: z.record(z.string(), z.unknown()),
  resources: z.object({ cpu: z.string(), memory: z.string() }).optional(),
  holdout: z.number(),
  publish: z.object({ metric: z.string(), atLeast: z.number().optional(), atMost: z.number().optional() }).optional(),
  serving: Serving.optional(),
})

export type Pipeline = z.infer<typeof Pipeline>

/** An order with nothing left open; every dataset has a view of its name. Throws `unprocessable` for parameters or a rule that the trainer does not know. */
export function pipelineOf(name: string, order: PipelineOrder): Pipeline {
  const { dataset, view, model, publish, resources, runtime, timeout, gpu, serving, ...rest } = order
  if (gpu) throw gpuUnavailable('/gpu')
  if (serving?.gpu) throw gpuUnavailable('/serving/gpu')
  if (order.trainer === 'gbdt') demandGbdt(order)
  return {
    ...rest,
    name,
    ...(dataset ? { dataset } : {}),
    view: view ?? dataset ?? '',
    model: model ?? name,
    ...(resources ? { resources } : {}),
    ...(runtime ? { runtime } : {}),
    ...(timeout === undefined ? {} : { timeout }),
    ...(publish ? { publish: { metric: publish.metric, ...bound(publish) } } : {}),
    ...(serving ? { serving: servingOf(serving) } : {}),
  }
}

/** Which parameters and metrics a script has, it alone knows; a script's settings say nothing to our own trees. */
function demandGbdt({ parameters, task, publish, runtime, timeout }: PipelineOrder): void {
  parseParameters(parameters, '/parameters')
  const foreign = Object.entries({ runtime, timeout }).find(([, value]) => value !== undefined)
  if (foreign) throw refused(`/${foreign[0]}`, `${foreign[0]} is for scripts: gbdt has none`)
  const known: readonly string[] = METRICS[task]
  if (publish && !known.includes(publish.metric))
    throw refused('/publish/metric', `${task} has no metric ${publish.metric}: ${known.join(', ')}`)
}

function refused(pointer: string, reason: string): PlatformError {
  return new PlatformError('unprocessable', reason, { errors: [{ pointer, reason }] })
}

/** What PostgreSQL can hold: no NUL, no half of a surrogate pair. */
function isStorable(text: string): boolean {
  return text.isWellFormed() && !text.includes('\0')
}

function bound({ atLeast, atMost }: z.infer<typeof PublishRule>) {
  return { ...(atLeast === undefined ? {} : { atLeast }), ...(atMost === undefined ? {} : { atMost }) }
}
