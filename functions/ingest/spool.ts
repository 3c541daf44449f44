import { createHash } from 'node:crypto'
import { open } from 'node:fs/promises'

export interface Spool {
  readonly path: string
  /** Of the decoded bytes: for text, of its UTF-8 without a mark at the beginning. */
  readonly bytes: number
  /** Hex. */
  readonly sha256: string
}

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
