import { createReadStream } from 'node:fs'
import { open, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { PlatformError } from '../../runtime/errors.ts'
import { walk } from './backup-walk.ts'
import type { ReadEntry } from './tar-read.ts'
import { readTar } from './tar-read.ts'

const GZIP = Buffer.from([0x1f, 0x8b])

/** The files and folders of a backup, one file or a folder, as they come; each is to be read before the next. */
export async function* readBackup(backup: string): AsyncGenerator<ReadEntry> {
  const found = await stat(backup).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null
    throw error
  })
  if (!found) throw new PlatformError('not_found', `there is no backup ${backup}`)
  if (found.isDirectory()) return yield* readFolder(backup)

  yield* readTar(backup, (await isGzip(backup)) ? unpacked(backup) : createReadStream(backup))
}

async function* unpacked(backup: string): AsyncGenerator<Uint8Array> {
  try {
    yield* pipeline(createReadStream(backup), createGunzip(), () => undefined)
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : ''
    if (!code.startsWith('Z_')) throw error
    throw new PlatformError('unprocessable', `${backup} is cut or damaged: it cannot be unpacked`, { cause: error })
  }
}

async function* readFolder(backup: string): AsyncGenerator<ReadEntry> {
  for await (const { path, kind } of walk(backup)) {
    const name = join(backup, path)
    if (kind === 'folder') yield { path, kind, bytes: 0, body: nothing() }
    else yield { path, kind, bytes: (await stat(name)).size, body: createReadStream(name) }
  }
}

async function* nothing(): AsyncGenerator<Uint8Array> {}

async function isGzip(backup: string): Promise<boolean> {
  const file = await open(backup)
  try {
    const { buffer } = await file.read(Buffer.alloc(GZIP.length), 0, GZIP.length, 0)
    return buffer.equals(GZIP)
  } finally {
    await file.close()
  }
}
