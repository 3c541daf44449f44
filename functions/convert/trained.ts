import { PlatformError } from 'mezz/errors'
import type { modelTrained } from 'mezz/events'
import type { ObjectRef, Ports } from 'mezz/ports'
import { readText } from 'mezz/read-object'
import * as z from 'zod'
import { convert } from './convert.ts'
import type { Proof } from './prove.ts'

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
  trained: Pick<z.infer<typeof modelTrained.data>, 'format' | 'artifact' | 'reference'>,
): Promise<Outcome> {
  try {
    if (trained.format !== 'lightgbm-text') {
      throw new PlatformError('unprocessable', `the format ${trained.format} cannot be converted, lightgbm-text can`)
    }
    const text = await readText(objects, trained.artifact)
    const reference = parseReference(await readText(objects, trained.reference))
    const { graph, proof } = await convert(models, text, () => reference)
    return { proof, onnx: await objects.put(graph) }
  } catch (error) {
    if (error instanceof PlatformError && error.code === 'unprocessable') return { reason: error.message }
    throw error
  }
}

function parseReference(text: string) {
  const { rows, raw } = readFile(text)
  return { rows: rows.map((row) => row.map((value) => value ?? Number.NaN)), raw }
}

function readFile(text: string): z.infer<typeof ReferenceFile> {
  const parsed = ReferenceFile.safeParse(readJson(text))
  if (parsed.success) return parsed.data
  const [{ path, message } = { path: [], message: '' }] = parsed.error.issues
  throw new PlatformError('unprocessable', `the reference rows cannot be read: at /${path.join('/')}: ${message}`)
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new PlatformError('unprocessable', 'the reference rows cannot be read: they are not JSON', { cause })
  }
}
