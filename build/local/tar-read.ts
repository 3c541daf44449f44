import { buffer } from 'node:stream/consumers'
import { PlatformError } from '../../runtime/errors.ts'
import type { TarEntry } from './tar.ts'
import { BLOCK, checksum, padding } from './tar.ts'

/** Extended headers are a path and a size. */
const LONGEST_EXTENSION = 64 * 1024
const KIND: Readonly<Record<string, TarEntry['kind']>> = { '0': 'file', '\0': 'file', '5': 'folder' }

/** An entry with its bytes, to be read before the next one. */
export interface ReadEntry extends TarEntry {
  readonly body: AsyncIterable<Uint8Array>
}

/** The files and folders of a tar as they come; `unprocessable` where it is cut, damaged, or holds something else (links). */
export async function* readTar(name: string, chunks: AsyncIterable<Uint8Array>): AsyncGenerator<ReadEntry> {
  const source = chunks[Symbol.asyncIterator]()
  let at = 'its beginning'
  const take = taker(source, () => new PlatformError('unprocessable', `${name} is cut: it ends in ${at}`))
  const damaged = (): PlatformError => new PlatformError('unprocessable', `${name} is damaged behind ${at}`)
  let extended = new Map<string, string>()

  try {
    for (;;) {
      const header = await buffer(take(BLOCK))
      if (header.every((byte) => byte === 0)) return
      if (checksum(header) !== numberAt(header, 148, 8)) throw damaged()
      const type = String.fromCharCode(header[156] ?? 0)
      const bytes = Number(extended.get('size') ?? numberAt(header, 124, 12))
      if (!Number.isSafeInteger(bytes) || bytes < 0) throw damaged()
      if (type === 'x') {
        if (bytes > LONGEST_EXTENSION) throw damaged()
        extended = records(await buffer(take(bytes)))
      } else {
        const kind = KIND[type]
        const path = (extended.get('path') ?? nameOf(header)).replace(/\/$/, '')
        if (!kind) {
          throw new PlatformError('unprocessable', `${name} is no backup of mezz: ${path} is no file and no folder`)
        }
        extended = new Map()
        at = path
        yield { path, kind, bytes, body: take(bytes) }
      }
      await buffer(take(padding(bytes)))
    }
  } finally {
    await source.return?.()
  }
}

/** Gives the next so many bytes of a stream, in pieces. */
function taker(source: AsyncIterator<Uint8Array>, cut: () => Error): (bytes: number) => AsyncGenerator<Uint8Array> {
  let held: Uint8Array = Buffer.alloc(0)
  return async function* (bytes) {
    for (let left = bytes; left > 0; ) {
      if (held.length === 0) {
        const next = await source.next()
        if (next.done) throw cut()
        held = next.value
      }
      const piece = held.subarray(0, left)
      held = held.subarray(piece.length)
      left -= piece.length
      if (piece.length > 0) yield piece
    }
  }
}

function numberAt(header: Buffer, from: number, length: number): number {
  const text = header.toString('latin1', from, from + length).replace(/[\0 ]+$/, '')
  return /^[0-7]+$/.test(text) ? Number.parseInt(text, 8) : Number.NaN
}

function nameOf(header: Buffer): string {
  const [name, prefix] = [textAt(header, 0, 100), textAt(header, 345, 155)]
  return prefix === '' ? name : `${prefix}/${name}`
}

function textAt(header: Buffer, from: number, length: number): string {
  return header
    .toString('utf8', from, from + length)
    .split('\0', 1)
    .join()
}

function records(bytes: Buffer): Map<string, string> {
  const found = new Map<string, string>()
  for (let at = 0; at < bytes.length; ) {
    const length = Number.parseInt(bytes.toString('latin1', at, at + 10), 10)
    if (!(length > 0)) break
    const [, key = '', value = ''] = /^\d+ ([^=]+)=(.*)\n$/s.exec(bytes.toString('utf8', at, at + length)) ?? []
    found.set(key, value)
    at += length
  }
  return found
}
