import { pipeline, Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { PlatformError } from 'mezz/errors'

export interface Limits {
  /** Decoded bytes at most. */
  readonly bytes: number
  /** How many times larger than what was sent the decoded bytes may be, once they exceed `free`. */
  readonly ratio: number
  readonly free: number
}

export const LIMITS: Limits = { bytes: 5 * 2 ** 30, ratio: 300, free: 64 * 2 ** 20 }

/** The bytes, out of gzip where they are in it (said by Content-Encoding, or by their first bytes), never more than the limits. */
export async function* unpack(
  body: AsyncIterable<Uint8Array>,
  { encoding, limits }: { readonly encoding: string; readonly limits: Limits },
): AsyncGenerator<Uint8Array> {
  if (encoding !== '' && encoding !== 'identity' && encoding !== 'gzip' && encoding !== 'x-gzip') {
    throw new PlatformError('unsupported_media_type', `Content-Encoding ${encoding}: send gzip or none`)
  }
  const sent = { bytes: 0 }
  const outer = await peek(counted(body, sent), 2)
  const inner = isGzip(outer.head) ? await peek(gunzip(outer.body), 2) : outer
  if (encoding.endsWith('gzip') && inner === outer) throw broken()
  // A .gz file that was sent with Content-Encoding: gzip is in it twice.
  const plain = encoding.endsWith('gzip') && isGzip(inner.head) ? gunzip(inner.body) : inner.body

  let bytes = 0
  for await (const chunk of plain) {
    bytes += chunk.length
    if (bytes > limits.bytes) throw new PlatformError('too_large', `more than ${limits.bytes} bytes`)
    if (bytes > limits.free && bytes > sent.bytes * limits.ratio) {
      throw new PlatformError('too_large', `the gzip body unpacks to more than ${limits.ratio} times its size`)
    }
    yield chunk
  }
}

/** The first bytes (`size` or more, less at the end), and the whole again. */
export async function peek(
  body: AsyncIterable<Uint8Array>,
  size: number,
): Promise<{ head: Uint8Array; body: AsyncGenerator<Uint8Array> }> {
  const source = body[Symbol.asyncIterator]()
  let head: Uint8Array = new Uint8Array()
  while (head.length < size) {
    const { done, value } = await source.next()
    if (done) break
    head = head.length === 0 ? value : Buffer.concat([head, value])
  }
  async function* whole(): AsyncGenerator<Uint8Array> {
    if (head.length > 0) yield head
    yield* { [Symbol.asyncIterator]: () => source }
  }
  return { head, body: whole() }
}

function isGzip(head: Uint8Array): boolean {
  return head[0] === 0x1f && head[1] === 0x8b
}

async function* counted(body: AsyncIterable<Uint8Array>, sent: { bytes: number }): AsyncGenerator<Uint8Array> {
  for await (const chunk of body) {
    sent.bytes += chunk.length
    yield chunk
  }
}

async function* gunzip(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const source = Readable.from(body, { objectMode: false })
  // The loop below sees every failure; pipeline only ends both sides.
  const plain = pipeline(source, createGunzip(), () => undefined)
  try {
    yield* plain
  } catch (error) {
    if (error instanceof Error && 'code' in error && String(error.code).startsWith('Z_')) throw broken(error)
    throw error
  }
}

function broken(cause?: unknown): PlatformError {
  return new PlatformError('unprocessable', 'the body is no whole gzip stream', { cause })
}
