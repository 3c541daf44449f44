import { isUtf8 } from 'node:buffer'
import { createHash } from 'node:crypto'
import { open } from 'node:fs/promises'
import { PlatformError } from 'mezz/errors'

export interface Spool {
  readonly path: string
  /** Of the decoded bytes: for text, of its UTF-8 without a mark at the beginning. */
  readonly bytes: number
  /** Hex. */
  readonly sha256: string
}

const CHUNK = 1 << 20

/** Writes bytes to a file as they come. */
export async function spool(body: AsyncIterable<Uint8Array>, path: string): Promise<Spool> {
  const hash = createHash('sha256')
  let bytes = 0
  await using file = await open(path, 'w')
  for await (const chunk of body) {
    hash.update(chunk)
    bytes += chunk.length
    await file.writeFile(chunk)
  }
  return { path, bytes, sha256: hash.digest('hex') }
}

/**
 * Writes text to a file in UTF-8, whatever its charset: by its mark (BOM), by what the caller says, or as found, where the whole
 * text decides between UTF-8 and GB18030. What is in none of them is `unprocessable`, with the line.
 */
export async function spoolText(
  body: AsyncIterable<Uint8Array>,
  path: string,
  { charset }: { readonly charset: string | undefined },
): Promise<Spool> {
  const utf8 = new Utf8Check()
  let head: Uint8Array | undefined
  const raw = await spool(
    (async function* () {
      for await (const chunk of body) {
        const first = !head || head.length < 3
        // Marks are told from whole heads: the first chunk may be one byte long.
        if (first) head = head ? Buffer.concat([head, chunk]) : chunk
        if (first && head && head.length < 3) continue
        const piece = first && head ? withoutMark(head) : chunk
        utf8.add(piece)
        yield piece
      }
      if (head && head.length < 3) {
        utf8.add(head)
        yield head
      }
    })(),
    path,
  )
  const found = detect(head ?? new Uint8Array(), charset)
  const valid = utf8.end()
  if (valid && (found === undefined || found === 'utf-8')) return raw
  const decoded = await transcode(raw.path, found ?? 'gb18030')
  if (decoded) return decoded
  const tried = found ?? 'utf-8'
  throw await misfit(raw.path, tried, found ? found : 'UTF-8 or GB18030')
}

/** The charset that the mark or the caller names, or that the zeros of UTF-16 betray. */
function detect(head: Uint8Array, charset: string | undefined): string | undefined {
  if (head[0] === 0xef && head[1] === 0xbb && head[2] === 0xbf) return 'utf-8'
  if (head[0] === 0xff && head[1] === 0xfe) return 'utf-16le'
  if (head[0] === 0xfe && head[1] === 0xff) return 'utf-16be'
  if (charset) return label(charset)
  if (head[0] !== 0 && head[1] === 0) return 'utf-16le'
  return head[0] === 0 && head[1] !== 0 && head.length > 1 ? 'utf-16be' : undefined
}

/** WHATWG's name of a charset; GBK and GB2312 are read as GB18030, of which they are parts. */
function label(charset: string): string {
  try {
    const { encoding } = new TextDecoder(charset)
    return encoding === 'gbk' ? 'gb18030' : encoding
  } catch (cause) {
    throw new PlatformError('unsupported_media_type', `no charset ${charset} is known`, { cause })
  }
}

function withoutMark(head: Uint8Array): Uint8Array {
  return head[0] === 0xef && head[1] === 0xbb && head[2] === 0xbf ? head.subarray(3) : head
}

/** The file's text as UTF-8 beside it; `null` where it is not in this charset. */
async function transcode(path: string, charset: string): Promise<Spool | null> {
  try {
    return await spool(encoded(pieces(path, charset)), `${path}.utf8`)
  } catch (error) {
    if (error instanceof TypeError && 'code' in error && error.code === 'ERR_ENCODING_INVALID_ENCODED_DATA') return null
    throw error
  }
}

async function* encoded(texts: AsyncIterable<string>): AsyncGenerator<Uint8Array> {
  for await (const text of texts) if (text) yield Buffer.from(text)
}

/** A file's text, piece by piece; `size` of a piece in bytes. */
async function* pieces(path: string, charset: string, size = CHUNK): AsyncGenerator<string> {
  const decoder = new TextDecoder(charset, { fatal: true })
  await using file = await open(path)
  for await (const chunk of file.createReadStream({ highWaterMark: size }))
    yield decoder.decode(chunk, { stream: true })
  yield decoder.decode()
}
