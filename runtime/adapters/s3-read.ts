import { createHash } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import { PlatformError } from '../errors.ts'
import { BLOBS } from '../object-name.ts'
import type { OpenObject } from '../ports.ts'
import type { S3 } from './s3-client.ts'
import { isLost, nullIfMissing, s3Code } from './s3-errors.ts'
import { keyOf } from './s3-keys.ts'

/** Bytes that one request reads: the first of an object, and the following. */
const FIRST = 1 << 20
const NEXT = 8 << 20
/** How often a piece is asked for whose bytes broke off, while the time of one request is not over; milliseconds before the second time. */
const TRIES = 4
const PAUSE = 100

/** The bytes of an object that are meant, whatever becomes of its name: a version, or where the bucket has none, what has this tag. */
interface Pin {
  readonly VersionId?: string
  readonly IfMatch?: string
}

interface Piece {
  readonly bytes: Uint8Array
  /** Of the whole object. */
  readonly total: number
  readonly pin: Pin
  /** Hex, where it is known of the whole object. */
  readonly sha256: string | null
}

/**
 * Reads an object piece by piece, one ahead of the reader: a reader who is slow, or never begins, holds no connection (MinIO
 * locks a name against writers for as long as a reply lasts), and a piece that breaks off is asked for again. An object that is
 * read whole and whose digest is known is checked before its last bytes are given.
 */
export async function readS3(s3: S3, name: string, { start, end }: { start: number; end: number }) {
  const key = keyOf(s3.prefix, name)
  if (start === end) return isThere(s3, key)
  const first = await piece(s3, key, start, Math.min(end, start + FIRST), {})
  if (first === null) return null
  const { total, sha256 } = first
  const last = Math.min(end, total)
  const expected = start > 0 || last < total ? null : name.startsWith(BLOBS) ? name.slice(BLOBS.length) : sha256
  // The bytes under a digest are the same in all versions.
  const pin = name.startsWith(BLOBS) ? {} : first.pin

  async function* body(begun: Piece): AsyncGenerator<Uint8Array> {
    const hash = expected === null ? null : createHash('sha256')
    const stop = new AbortController()
    try {
      let { bytes } = begun
      for (let at = start; ; ) {
        at += bytes.length
        const ask = () => piece(s3, key, at, Math.min(last, at + NEXT), pin, stop.signal)
        const next = at < last ? ask() : null
        // The reader may stop before it looks at it.
        next?.catch(() => undefined)
        hash?.update(bytes)
        if (next === null && hash && hash.digest('hex') !== expected) throw damaged(name)
        if (bytes.length > 0) yield bytes
        if (next === null) return
        // A server that was away when it was asked ahead may be back by now.
        const read = await next.catch((error) => (isLost(error) ? ask() : Promise.reject(error)))
        if (read === null || read.bytes.length === 0) throw replaced(name)
        bytes = read.bytes
      }
    } finally {
      stop.abort()
    }
  }
  return { bytes: Math.max(0, last - start), body: body(first) }
}

async function isThere(s3: S3, key: string): Promise<OpenObject | null> {
  const found = await s3
    .call(({ client, sdk, options }) =>
      client.send(new sdk.HeadObjectCommand({ Bucket: s3.bucket, Key: key }), options),
    )
    .catch(nullIfMissing)
  return found && { bytes: 0, body: nothing() }
}

async function piece(s3: S3, key: string, start: number, end: number, pin: Pin, signal?: AbortSignal) {
  const giveUp = performance.now() + s3.timeout
  for (let attempt = 1; ; attempt++) {
    try {
      return await get(s3, key, start, end, pin, signal)
    } catch (error) {
      const code = s3Code(error)
      if (code === 'InvalidRange') return { bytes: new Uint8Array(), total: 0, pin, sha256: null }
      if (code === 'PreconditionFailed') return null
      const isOver = attempt === TRIES || performance.now() > giveUp || signal?.aborted
      if (isOver || !isLost(error)) return nullIfMissing(error)
      await wait(PAUSE * 2 ** attempt)
    }
  }
}

function get(s3: S3, key: string, start: number, end: number, pin: Pin, signal?: AbortSignal): Promise<Piece> {
  return s3.call(async ({ client, sdk, options }) => {
    const asked = { Bucket: s3.bucket, Key: key, Range: `bytes=${start}-${end - 1}`, ...pin }
    const found = await client.send(new sdk.GetObjectCommand(asked), options)
    const bytes = (await found.Body?.transformToByteArray()) ?? new Uint8Array()
    const total = Number(found.ContentRange?.split('/')[1])
    if (bytes.length !== Math.min(end, total) - start) throw new Error(`got ${bytes.length} bytes of ${asked.Range}`)
    const { VersionId, ETag, Metadata } = found
    const isVersion = VersionId !== undefined && VersionId !== 'null'
    return {
      bytes,
      total,
      pin: isVersion ? { VersionId } : ETag === undefined ? {} : { IfMatch: ETag },
      sha256: Metadata?.['sha256'] ?? null,
    }
  }, signal)
}

function damaged(name: string): PlatformError {
  return new PlatformError(
    'unavailable',
    `the bytes of ${name} are not those that were stored: their SHA-256 is another`,
  )
}

function replaced(name: string): PlatformError {
  return new PlatformError('unavailable', `the bytes of ${name} went away while they were read: read it again`, {
    retryAfter: 1,
  })
}

async function* nothing(): AsyncGenerator<Uint8Array> {}
