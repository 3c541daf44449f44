import { hash } from 'node:crypto'
import * as z from 'zod'
import { PlatformError } from './errors.ts'
import type { ObjectRef, Objects } from './ports.ts'

/** Whole objects are for what fits into memory: models, definitions. */
const MOST_BYTES = 512 * 1024 * 1024

/** The text of an object, as `readBytes` reads it. */
export async function readText(objects: Objects, ref: ObjectRef): Promise<string> {
  return Buffer.from(await readBytes(objects, ref)).toString()
}

/** The bytes of an object, their digest checked; not there (yet): `not_found`; another or too large: `unprocessable`. */
export async function readBytes(objects: Objects, { name, sha256, bytes }: ObjectRef): Promise<Uint8Array> {
  if (bytes > MOST_BYTES) {
    throw new PlatformError('unprocessable', `${name} has ${bytes} bytes, at most ${MOST_BYTES} are read`)
  }
  const found = await objects.read(name)
  if (!found) throw new PlatformError('not_found', `no object ${name}`)
  const parts: Uint8Array[] = []
  for await (const part of found.body) parts.push(part)
  const whole = Buffer.concat(parts)
  if (hash('sha256', whole) !== sha256) {
    throw new PlatformError('unprocessable', `${name} is not the object that was announced: its sha256 is another`)
  }
  return whole
}

/** A JSON object as this schema has it; what it is not: `unprocessable`. */
export async function readJson<schema extends z.ZodType>(
  objects: Objects,
  ref: ObjectRef,
  schema: schema,
): Promise<z.output<schema>> {
  const parsed = schema.safeParse(json(ref.name, await readText(objects, ref)))
  if (parsed.success) return parsed.data
  throw new PlatformError('unprocessable', `${ref.name} cannot be read: ${z.prettifyError(parsed.error)}`)
}

function json(name: string, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new PlatformError('unprocessable', `${name} cannot be read: it is not JSON`, { cause })
  }
}
