import { PlatformError } from './errors.ts'

/** Where content-addressed objects lie: `blobs/<sha256>`. */
export const BLOBS = 'blobs/'

/** Throws `invalid_input` unless every store can keep an object of this name: plain steps of at most 255 bytes, 1024 in all. */
export function checkObjectName(name: string): void {
  const steps = name.split('/')
  if (Buffer.byteLength(name) <= 1024 && name.isWellFormed() && steps.every(isPlainStep)) return
  throw new PlatformError(
    'invalid_input',
    `no object can be named ${JSON.stringify(name.slice(0, 100))}: use plain steps, as in a/b.png`,
    {
      errors: [
        { pointer: '', reason: 'a name is steps of 1 to 255 bytes, 1024 in all, without ., .., \\ or controls' },
      ],
    },
  )
}

/** As `checkObjectName`; moreover nothing is written by name where the name must be the digest. */
export function checkWritableName(name: string): void {
  checkObjectName(name)
  if (!name.startsWith(BLOBS)) return
  throw new PlatformError(
    'invalid_input',
    `${JSON.stringify(name)} cannot be written by name: put() names what lies in ${BLOBS}`,
  )
}

/** Throws `invalid_input` unless a blob can have this digest: SHA-256 in hex. */
export function checkDigest(sha256: string): void {
  if (!/^[0-9a-f]{64}$/.test(sha256)) throw new PlatformError('invalid_input', `${sha256} is no SHA-256 digest in hex`)
}

/** Whether one step of a name can be kept: not empty, `.` or `..`, no `\` and no control character. */
export function isPlainStep(step: string): boolean {
  return !['', '.', '..'].includes(step) && !/[/\\\p{Cc}]/u.test(step) && Buffer.byteLength(step) <= 255
}
