import { createHash } from 'node:crypto'
import type { Stats } from 'node:fs'
import type { FileHandle } from 'node:fs/promises'
import { open } from 'node:fs/promises'
import type { Archive } from './backup-archive.ts'
import type { Manifest } from './backup-manifest.ts'

/** Bytes. */
const CHUNK = 1024 * 1024

/** Copies into an archive and keeps a list of what it copied. */
export interface Recorder {
  folder(path: string): Promise<void>
  /** A file as it is at the moment of the call, by its length; answers with what it was, or `null` where it is gone. */
  copy(file: string, path: string): Promise<Stats | null>
  write(path: string, content: Uint8Array): Promise<void>
  /** Each path once, with its last content. */
  files(): Manifest['files']
}

export interface RecorderOptions {
  readonly signal: AbortSignal
  /** What it has copied up to now. */
  heard(files: number, bytes: number): void
}

/** Notes path, length and digest of each file that goes into the archive; ends with the signal. */
export function recorder(archive: Archive, { signal, heard }: RecorderOptions): Recorder {
  const files = new Map<string, Manifest['files'][number]>()
  let total = 0

  async function store(path: string, bytes: number, body: AsyncIterable<Uint8Array>): Promise<void> {
    const hash = createHash('sha256')
    async function* counted(): AsyncGenerator<Uint8Array> {
      for await (const chunk of body) {
        signal.throwIfAborted()
        hash.update(chunk)
        total += chunk.length
        heard(files.size, total)
        yield chunk
      }
    }
    signal.throwIfAborted()
    await archive.file(path, bytes, counted())
    files.set(path, { path, bytes, sha256: hash.digest('hex') })
    heard(files.size, total)
  }

  return {
    folder: (path) => archive.folder(path),
    async copy(from, path) {
      const file = await open(from).catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return null
        throw error
      })
      if (!file) return null
      try {
        const stats = await file.stat()
        await store(path, stats.size, exactly(file, stats.size))
        return stats
      } finally {
        await file.close()
      }
    },
    write: (path, content) => store(path, content.length, whole(content)),
    files: () => [...files.values()],
  }
}

async function* whole(content: Uint8Array): AsyncGenerator<Uint8Array> {
  yield content
}

/** The first so many bytes; zeros for those that a file which shrinks meanwhile has no more: PostgreSQL's log brings them right. */
async function* exactly(file: FileHandle, bytes: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes; ) {
    const chunk = Buffer.alloc(Math.min(CHUNK, bytes - at))
    const { bytesRead } = await file.read(chunk, 0, chunk.length, at)
    yield bytesRead === 0 ? chunk : chunk.subarray(0, bytesRead)
    at += bytesRead === 0 ? chunk.length : bytesRead
  }
}
