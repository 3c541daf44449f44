import { PlatformError } from 'mezz/errors'
import type { Serving } from 'mezz/workload'
import * as z from 'zod'

const Quantity = z
  .string()
  .regex(/^\d+(\.\d+)?(m|k|M|G|Ki|Mi|Gi)?$/, 'must be a Kubernetes quantity, as in 500m or 512Mi')

const MOST_PROCESSES = 100
const MOST_AT_ONCE = 1000
const LONGEST_IDLE = 24 * 3600

export const ResourcesOrder = z.strictObject({ cpu: Quantity, memory: Quantity })

/** Processes of its own for a model: `{}` takes what a function of that kind has. */
export const ServingOrder = z.strictObject({
  resources: ResourcesOrder.exactOptional(),
  scale: z
    .strictObject({
      min: z.int().min(0).max(MOST_PROCESSES).exactOptional(),
      max: z.int().min(1).max(MOST_PROCESSES).exactOptional(),
      /** Requests at once in one process. */
      concurrency: z.int().min(1).max(MOST_AT_ONCE).exactOptional(),
      /** Seconds without a request after which a process ends. */
      idle: z.number().positive().max(LONGEST_IDLE).exactOptional(),
    })
    .refine(({ min = 0, max = Math.max(5, min) }) => min <= max, { message: 'min is more than max', path: ['min'] })
    .exactOptional(),
  gpu: z.looseObject({}).exactOptional(),
})

/** What is kept of an order. */
export function servingOf({ resources, scale }: z.infer<typeof ServingOrder>): Serving {
  return { ...(resources ? { resources } : {}), ...(scale ? { scale } : {}) }
}

/** What asks for a GPU gets one or is told: never in silence the CPU. */
export function gpuUnavailable(pointer: string): PlatformError {
  const reason = 'this machine has no GPU to give: leave gpu out to use its processors'
  return new PlatformError('gpu_unavailable', reason, { errors: [{ pointer, reason }] })
}
