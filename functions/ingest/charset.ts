import { open } from 'node:fs/promises'
import { PlatformError } from 'mezz/errors'
import type { Spool } from './spool.ts'
import { spool } from './spool.ts'
import { peek } from './unpack.ts'
import { Utf8Check } from './utf8.ts'

/**
 * Writes text to a file in UTF-8, whatever its charset: by its mark (BOM), by what the caller says, or as found, where the whole
 * text decides between UTF-8 and GB18030. What is in none of them is `unprocessable`, with its line.
 */
export async function spoolText(
  body: AsyncIterable<Uint8Array>,
  path: string,
  charset: string | undefined,
): Promise<Spool> {
  const { head, body: whole } = await peek(body, 3)
  const known = byMark(head) ?? (charset ? named(charset) : byZeros(head))
  const check = new Utf8Check()
  const written = await spool(checked(byMark(head) === 'utf-8' ? after(whole, 3) : whole, check), path)

  if (check.end() && (known === undefined || known === 'utf-8')) return written
  const decoded = known === 'utf-8' ? null : await transcode(path, known ?? 'gb18030')
  if (decoded) return decoded
  const line = await lineOfMisfit(path, known ?? 'utf-8')
  throw new PlatformError('unprocessable', `the text is not in ${known ?? 'UTF-8 or GB18030'}`, {
    errors: [{ pointer: `/line/${line}`, reason: `holds bytes that are no ${known ?? 'UTF-8'}; say the charset` }],
  })
}

function byMark(head: Uint8Array): string | undefined {
  if (head[0] === 0xef && head[1] === 0xbb && head[2] === 0xbf) return 'utf-8'
  if (head[0] === 0xff && head[1] === 0xfe) return 'utf-16le'
  return head[0] === 0xfe && head[1] === 0xff ? 'utf-16be' : undefined
}

/** UTF-16 without a mark: no table begins with the character U+0000. */
function byZeros(head: Uint8Array): string | undefined {
  if (head.length > 1 && head[0] !== 0 && head[1] === 0) return 'utf-16le'
  return head.length > 1 && head[0] === 0 ? 'utf-16be' : undefined
}

/** WHATWG's name of a charset; GBK and GB2312 are read as GB18030, of which they are parts. */
function named(charset: string): string {
  try {
    const { encoding } = new TextDecoder(charset)
    return encoding === 'gbk' ? 'gb18030' : encoding
  } catch (cause) {
    throw new PlatformError('unsupported_media_type', `no charset ${charset} is known`, { cause })
  }
}

async function* checked(body: AsyncIterable<Uint8Array>, check: Utf8Check): AsyncGenerator<Uint8Array> {
  for await (const chunk of body) {
    check.add(chunk)
    yield chunk
  }
}

async function* after(body: AsyncIterable<Uint8Array>, bytes: number): AsyncGenerator<Uint8Array> {
  let left = bytes
  for await (const chunk of body) {
    if (left < chunk.length) yield chunk.subarray(left)
    left = Math.max(0, left - chunk.length)
  }
}

/** The file's text as UTF-8 in a file beside it; `null` where it is not in this charset. */
async function transcode(path: string, charset: string): Promise<Spool | null> {
  try {
    return await spool(encoded(texts(path, charset)), `${path}.utf8`)
  } catch (error) {
    if (isMisfit(error)) return null
    throw error
  }
}

async function* encoded(pieces: AsyncIterable<string>): AsyncGenerator<Uint8Array> {
  for await (const text of pieces) if (text) yield Buffer.from(text)
}

/** A file's text, piece by piece; throws where it is not in the charset. */
async function* texts(path: string, charset: string): AsyncGenerator<string> {
  const decoder = new TextDecoder(charset, { fatal: true })
  await using file = await open(path)
  for await (const chunk of file.createReadStream({ highWaterMark: 1 << 20 }))
    yield decoder.decode(chunk, { stream: true })
  yield decoder.decode()
}

/** Reads the text once more, at last byte by byte: a decoder does not say where it failed. */
async function lineOfMisfit(path: string, charset: string): Promise<number> {
  const decoder = new TextDecoder(charset, { fatal: true })
  await using file = await open(path)
  let line = 1
  try {
    for await (const chunk of file.createReadStream({ highWaterMark: 1 << 12 })) {
      for (let i = 0; i < chunk.length; i++) {
        if (decoder.decode(chunk.subarray(i, i + 1), { stream: true }).includes('\n')) line++
      }
    }
    decoder.decode()
  } catch (error) {
    if (!isMisfit(error)) throw error
  }
  return line
}

function isMisfit(error: unknown): boolean {
  return error instanceof TypeError && 'code' in error && error.code === 'ERR_ENCODING_INVALID_ENCODED_DATA'
}
