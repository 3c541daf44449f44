import * as z from 'zod'
import type { ConversionRow } from './queries.ts'

const Tensor = z.object({
  name: z.string(),
  type: z.enum(['float64', 'float32', 'int64', 'int32', 'bool', 'string']),
  /** -1 where any length goes. */
  shape: z.array(z.int()).readonly(),
})

/** `run` and `model` are null where somebody brought the model. */
const Origin = { id: z.string(), run: z.string().nullable(), model: z.string().nullable(), at: z.iso.datetime() }

/** A proved conversion as callers see it. */
export const Converted = z.object({
  ...Origin,
  state: z.literal('converted'),
  format: z.enum(['lightgbm-text', 'onnx']),
  opset: z.string(),
  inputs: z.array(Tensor).readonly(),
  outputs: z.array(Tensor).readonly(),
  rows: z.int(),
  leafMismatches: z.int(),
  maxAbsoluteDifference: z.number(),
  probes: z.object({ all: z.int(), reached: z.int() }),
})

/** A trained model that could not be converted, and why. */
const Failed = z.object({ ...Origin, state: z.literal('failed'), reason: z.string() })

export const Conversion = z.discriminatedUnion('state', [Converted, Failed])

/** A stored conversion as callers see it. */
export function shown({ id, run, model, at, proof, reason }: ConversionRow): z.infer<typeof Conversion> {
  const origin = { id, run, model, at: at.toISOString() }
  return proof ? { ...origin, state: 'converted', ...proof } : { ...origin, state: 'failed', reason: reason ?? '' }
}
