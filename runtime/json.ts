import type { Context } from 'hono'
import { PlatformError } from './errors.ts'

/** Bytes of a JSON body at most, where nothing else is said. */
const MOST_BYTES = 16 * 1024 * 1024
/** Beyond this depth, code that walks a value by calling itself (zod, JSON.stringify, PostgreSQL) runs out of stack. */
const DEEPEST = 200

/** The JSON body of a request, read no further than `most` bytes (16 MiB); throws `unsupported_media_type`, `too_large` or `invalid_input`. */
export async function readJson(c: Context, most = MOST_BYTES): Promise<unknown> {
  const type = c.req.header('content-type')?.split(';')[0]?.trim().toLowerCase()
  if (type !== 'application/json' && !type?.endsWith('+json')) {
    throw new PlatformError('unsupported_media_type', `expected application/json, got ${type ?? 'no content-type'}`)
  }
  const length = Number(c.req.header('content-length') ?? 0)
  if (length > most) throw tooLarge(`the body has ${length} bytes`, most)
  const text = await readText(c.req.raw.body, most)
  if (isDeep(text)) throw notJson(`nested more than ${DEEPEST} deep`)
  try {
    return JSON.parse(text)
  } catch (error) {
    throw notJson(error instanceof Error ? error.message : 'not JSON', error)
  }
}

/** A length may be missing or wrong: what is read is what counts, and reading stops at the limit. */
async function readText(body: ReadableStream<Uint8Array> | null, most: number): Promise<string> {
  if (!body) return ''
  const utf8 = new TextDecoder('utf-8', { fatal: true })
  const parts: string[] = []
  let size = 0
  // Cancelled, the connection would be closed before the answer is out; the server drains what is left, within bounds.
  for await (const bytes of body.values({ preventCancel: true })) {
    size += bytes.byteLength
    if (size > most) throw tooLarge('the body goes on', most)
    parts.push(decode(() => utf8.decode(bytes, { stream: true })))
  }
  parts.push(decode(() => utf8.decode()))
  return parts.join('')
}

function decode(work: () => string): string {
  try {
    return work()
  } catch (error) {
    throw notJson('not UTF-8', error)
  }
}

function isDeep(text: string): boolean {
  let depth = 0
  let quoted = false
  for (let at = 0; at < text.length; at++) {
    const character = text.charCodeAt(at)
    if (character === 0x22) quoted = !quoted
    else if (quoted) at += character === 0x5c ? 1 : 0
    else if (character === 0x5b || character === 0x7b) depth += 1
    else if (character === 0x5d || character === 0x7d) depth -= 1
    if (depth > DEEPEST) return true
  }
  return false
}

function tooLarge(found: string, most: number): PlatformError {
  return new PlatformError('too_large', `${found}, at most ${most} bytes are taken`)
}

function notJson(reason: string, cause?: unknown): PlatformError {
  return new PlatformError('invalid_input', 'the body is not JSON', { cause, errors: [{ pointer: '', reason }] })
}
