import { Definition } from 'mezz/tabular/definition'
import { Encoder } from 'mezz/tabular/encoder'
import * as z from 'zod'

const ObjectRef = z.object({ name: z.string(), sha256: z.string(), bytes: z.number() })

/** A class label, as the JSON value it has in the table. */
export const Label = z.union([z.string(), z.number(), z.boolean()])

const Aim = {
  target: z.string(),
  /** The columns that a graph without an encoder takes, in its order. */
  inputs: z.array(z.object({ column: z.string(), missing: z.string().optional() })).optional(),
}

/** What publish stores of a model, immutable: everything that a prediction needs. */
export const Package = z.object({
  format: z.literal(1),
  model: z.string(),
  run: z.string(),
  graph: ObjectRef,
  /** Left out where the graph takes the columns as they are. */
  encoder: Encoder.optional(),
  definition: Definition,
  signature: z.discriminatedUnion('task', [
    z.object({ ...Aim, task: z.literal('classification'), classes: z.array(Label).min(2) }),
    z.object({ ...Aim, task: z.literal('regression') }),
  ]),
})

export type Package = z.infer<typeof Package>

/** The package of a model whose own script serves it. */
export const Scripted = z.object({ model: z.string(), script: z.object({}) })

/** `models/<m>/current`: the versions that answer, each with its percent of the traffic, and the name of the processes that the model has to itself. */
export const Alias = z.object({
  endpoint: z.string().optional(),
  versions: z.array(z.object({ version: z.int(), traffic: z.number(), package: ObjectRef })),
})

/** `models/<m>/versions/<v>`. */
export const Version = z.object({ version: z.int(), package: ObjectRef })

export type Version = z.infer<typeof Version>
