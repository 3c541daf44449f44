import { hash } from 'node:crypto'
import { PlatformError } from 'mezz/errors'
import type { ObjectRef, Objects } from 'mezz/ports'

const MOST_BYTES = 512 * 1024 * 1024

/** The text of an object, with its digest checked; one that is not there (yet) is `not_found`. */
export async function readObject(objects: Objects, { name, sha256, bytes }: ObjectRef): Promise<string> {
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
  return whole.toString()
}
