import * as z from 'zod'

// The Open Inference Protocol v2 over REST, https://github.com/kserve/open-inference-protocol, as far as it is spoken here.

const Datatype = z.enum(['FP64', 'FP32', 'INT64', 'INT32', 'BOOL', 'BYTES'])
export type Datatype = z.infer<typeof Datatype>

/** What an element of each is in JSON. */
export const KIND = {
  FP64: 'number',
  FP32: 'number',
  INT64: 'number',
  INT32: 'number',
  BOOL: 'boolean',
  BYTES: 'string',
} as const satisfies Record<Datatype, string>

const TensorMetadata = z.object({ name: z.string(), datatype: Datatype, shape: z.array(z.int()) })
export type TensorMetadata = z.infer<typeof TensorMetadata>

export const ServerMetadata = z.object({ name: z.string(), version: z.string(), extensions: z.array(z.string()) })

export const Health = z.object({ live: z.boolean(), ready: z.boolean() })

export const ModelReady = z.object({ name: z.string(), ready: z.boolean() })

export const ModelMetadata = z.object({
  name: z.string(),
  versions: z.array(z.string()),
  platform: z.string(),
  inputs: z.array(TensorMetadata),
  outputs: z.array(TensorMetadata),
})

export const InferenceRequest = z.object({
  id: z.string().optional(),
  /** Shapes are [N] or [N, 1]; data is flat or nested, row by row; null is a missing value. A tensor left out is a column of them. */
  inputs: z
    .array(
      z.object({
        name: z.string(),
        shape: z.array(z.int().nonnegative()),
        datatype: z.string(),
        data: z.array(z.unknown()),
      }),
    )
    .min(1),
  /** All of them where it is left out. */
  outputs: z.array(z.object({ name: z.string() })).optional(),
})
export type InferenceRequest = z.infer<typeof InferenceRequest>

const Output = TensorMetadata.extend({ data: z.array(z.union([z.number(), z.string(), z.boolean()])) })
export type Output = z.infer<typeof Output>

export const InferenceResponse = z.object({
  model_name: z.string(),
  model_version: z.string(),
  /** The caller's own, else the prediction's. */
  id: z.string(),
  /** The prediction's id, `<model>@<version>/<uuid>`. */
  parameters: z.object({ prediction: z.string() }),
  outputs: z.array(Output),
})
