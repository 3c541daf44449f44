import { hash } from 'node:crypto'
import { unavailable } from 'mezz/errors'
import type { ObjectRef, Objects } from 'mezz/ports'

/** The bytes of an object, or `null` where there is none of this name. */
export async function readBytes(objects: Objects, name: string): Promise<Uint8Array | null> {
  const found = await objects.read(name)
  if (!found) return null
  const parts: Uint8Array[] = []
  for await (const part of found.body) parts.push(part)
  const [only] = parts
  return parts.length === 1 && only ? only : Buffer.concat(parts)
}

/** The bytes of an object that an alias or a package names, its digest checked; `unavailable` where they are not there. */
export async function readBlob(objects: Objects, { name, sha256 }: ObjectRef): Promise<Uint8Array> {
  const bytes = await readBytes(objects, name)
  if (bytes && hash('sha256', bytes) === sha256) return bytes
  throw unavailable('the object store', new Error(`${name} is ${bytes ? 'another object' : 'not there'}`))
}
