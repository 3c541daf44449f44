import { join } from 'node:path'
import { PlatformError } from 'mezz/errors'
import { spoolText } from './charset.ts'
import type { Kind, MediaType } from './kind.ts'
import { kindOf, mediaType, sniff } from './kind.ts'
import { findPart } from './multipart.ts'
import type { Spool } from './spool.ts'
import { spool } from './spool.ts'
import type { Limits } from './unpack.ts'
import { LIMITS, peek, unpack } from './unpack.ts'

/** What a request says of its body. */
export interface Incoming {
  readonly contentType: string
  readonly contentEncoding: string
  readonly body: AsyncIterable<Uint8Array>
}

/** A table's decoded bytes in a file; text in UTF-8. */
export interface Received extends Spool {
  readonly kind: Kind
}

/** Takes a body in, as it comes, to a file in this folder: out of its form, out of gzip, out of its charset. */
export async function receive(
  incoming: Incoming,
  { folder, limits = LIMITS }: { readonly folder: string; readonly limits?: Limits },
): Promise<Received> {
  const { media, body } = await unwrapped(incoming)
  const said = kindOf(media)
  const { head, body: plain } = await peek(unpack(body, { encoding: incoming.contentEncoding, limits }), 16)
  const kind = said === 'unknown' ? sniff(head) : said
  const path = join(folder, `received.${kind}`)
  if (kind === 'parquet') return { kind, ...(await spool(plain, path)) }
  return { kind, ...(await spoolText(plain, path, media.parameters.get('charset'))) }
}

async function unwrapped({
  contentType,
  body,
}: Incoming): Promise<{ media: MediaType; body: AsyncIterable<Uint8Array> }> {
  const media = mediaType(contentType)
  if (media.type !== 'multipart/form-data') return { media, body }
  const boundary = media.parameters.get('boundary')
  if (!boundary) throw new PlatformError('invalid_input', 'multipart/form-data without a boundary')
  const { headers, body: file } = await findPart(body, { boundary, field: 'file' })
  return { media: mediaType(headers.get('content-type') ?? 'application/octet-stream'), body: file }
}
