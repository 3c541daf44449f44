import { PlatformError } from 'mezz/errors'
import type { modelTrained } from 'mezz/events'
import type { ObjectRef, Ports } from 'mezz/ports'
import { readBytes, readJson, readText } from 'mezz/read-object'
import * as z from 'zod'
import { convert } from './convert.ts'
import type { Proof } from './prove.ts'
import { proveRaw, RawReference } from './prove-raw.ts'

/** What the train job leaves of its holdout: encoded rows in the order the model takes them, and the trainer's own raw scores. */
const ReferenceFile = z.object({
  features: z.array(z.string()),
  rows: z.array(z.array(z.number().nullable())),
  raw: z.array(z.array(z.number())),
})

export type Outcome = { readonly proof: Proof; readonly onnx: ObjectRef } | { readonly reason: string }

/** Converts what a run has trained and stores the graph; where that can never be done, says why. Any other error means: try again. */
export async function convertTrained(
  { objects, models }: Pick<Ports, 'objects' | 'models'>,
  trained: Pick<z.infer<typeof modelTrained.data>, 'format' | 'artifact' | 'reference' | 'signature'>,
): Promise<Outcome> {
  try {
    if (trained.format === 'onnx') {
      const graph = await readBytes(objects, trained.artifact)
      const reference = await readJson(objects, trained.reference, RawReference)
      const proof = await proveRaw(await models.load(graph), trained.signature, reference)
      return { proof, onnx: await objects.put(graph) }
    }
    const text = await readText(objects, trained.artifact)
    const { rows, raw } = await readJson(objects, trained.reference, ReferenceFile)
    const filled = rows.map((row) => row.map((value) => value ?? Number.NaN))
    const { graph, proof } = await convert(models, text, () => ({ rows: filled, raw }))
    return { proof, onnx: await objects.put(graph) }
  } catch (error) {
    if (error instanceof PlatformError && error.code === 'unprocessable') return { reason: error.message }
    throw error
  }
}
