import { hash } from 'node:crypto'
import * as z from 'zod'
import { PlatformError } from './errors.ts'
import type { ObjectRef, Objects } from './ports.ts'

/** A JSON object as this schema has it, its digest checked; not there (yet): `not_found`; not what was announced: `unprocessable`. */
export async function readJson<schema extends z.ZodType>(
  objects: Objects,
  { name, sha256 }: ObjectRef,
  schema: schema,
): Promise<z.output<schema>> {
  const found = await objects.read(name)
  if (!found) throw new PlatformError('not_found', `no object ${name}`)
  const parts: Uint8Array[] = []
  for await (const part of found.body) parts.push(part)
  const bytes = Buffer.concat(parts)
  if (hash('sha256', bytes) !== sha256) {
    throw new PlatformError('unprocessable', `${name} is not the object that was announced: its sha256 is another`)
  }
  const parsed = schema.safeParse(json(name, bytes.toString()))
  if (parsed.success) return parsed.data
  throw new PlatformError('unprocessable', `${name} cannot be read: ${z.prettifyError(parsed.error)}`)
}

function json(name: string, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new PlatformError('unprocessable', `${name} cannot be read: it is not JSON`, { cause })
  }
}
