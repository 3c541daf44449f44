import { createHash } from 'node:crypto'
import { BLOBS } from '../object-name.ts'

/** Objects whose name no key can hold lie here, under the digest of their name, which stands in their metadata. */
export const FAR = '!far/'
/** Bytes that have no name yet lie here. */
export const STAGING = '!staging/'

const MOST_BYTES = 1024
const MOST_BYTES_A_STEP = 255
const BLOB = /^blobs\/[0-9a-f]{64}$/

/*
 * MinIO keeps a key's steps as folders: below the object `a` it lists nothing, so `a` and `a/b` must not be keys beside each
 * other. Every key but a blob's therefore ends in `!`, which no folder's name does: ` ` and `!` in names are `!0` and `!1`. `!`
 * is below every other character that a name may have, so keys sort as their names do.
 */

/** The key, below the store's prefix, of an object. */
export function keyOf(prefix: string, name: string): string {
  if (BLOB.test(name)) return prefix + name
  const key = `${prefix}${escaped(name)}!`
  return fits(key) ? key : prefix + FAR + createHash('sha256').update(name).digest('hex')
}

/** Whether the name of an object stands in its metadata because its key could not hold it. */
export function isFar(prefix: string, key: string): boolean {
  return key.startsWith(prefix + FAR)
}

/** The name of the object that has this key; `null` where the key holds none. */
export function nameOf(prefix: string, key: string): string | null {
  const rest = key.slice(prefix.length)
  if (rest.startsWith(BLOBS)) return BLOB.test(rest) ? rest : null
  if (!rest.endsWith('!') || /^!(?![01])/.test(rest)) return null
  return rest.slice(0, -1).replaceAll(/!([01])/g, (_, which) => (which === '0' ? ' ' : '!'))
}

/** What the keys of the names that begin so begin with. */
export function keyStart(prefix: string, start: string): string {
  return prefix + escaped(start)
}

/** The keys of names after this one come after this; those of the names up to and with it do not. */
export function keyAfter(prefix: string, name: string): string {
  return `${prefix}${escaped(name)}!`
}

function escaped(text: string): string {
  return text.replaceAll('!', '!1').replaceAll(' ', '!0')
}

/** Whether S3 (the length) and MinIO (a step's length, its mark of empty folders, dots within blanks) keep such a key as it is. */
function fits(key: string): boolean {
  if (Buffer.byteLength(key) > MOST_BYTES) return false
  return key
    .split('/')
    .every(
      (step) =>
        Buffer.byteLength(step) <= MOST_BYTES_A_STEP &&
        !step.endsWith('__XLDIR__') &&
        !['.', '..'].includes(step.trim()),
    )
}
