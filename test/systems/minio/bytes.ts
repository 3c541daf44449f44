import { createHash, hash } from 'node:crypto'
import type { Objects, OpenObject } from '../../../runtime/ports.ts'

export const MEGABYTE = 1 << 20

/** Hex. */
export const sha256 = (bytes: Uint8Array): string => hash('sha256', bytes)

/** Bytes that look random and are the same each time. */
export function sample(bytes: number, seed = 1): Buffer {
  const made = Buffer.allocUnsafe(bytes)
  let state = seed
  for (let at = 0; at + 4 <= bytes; at += 4) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    made.writeUInt32LE(state, at)
  }
  return made
}

/** The bytes a megabyte at a time; `at` runs before the one of this number. */
export async function* stream(
  bytes: Uint8Array,
  at: Readonly<Record<number, () => unknown>> = {},
): AsyncGenerator<Uint8Array> {
  for (let megabyte = 0; megabyte * MEGABYTE < bytes.length; megabyte++) {
    await at[megabyte]?.()
    yield bytes.subarray(megabyte * MEGABYTE, (megabyte + 1) * MEGABYTE)
  }
}

/** The digest of what a reader gets, read to its end; `null` for nothing. */
export async function digestOf(found: OpenObject | null): Promise<string | null> {
  if (!found) return null
  const digest = createHash('sha256')
  for await (const piece of found.body) digest.update(piece)
  return digest.digest('hex')
}

/** The same of what has this name now. */
export async function digestOfName(objects: Objects, name: string): Promise<string | null> {
  return digestOf(await objects.read(name))
}
