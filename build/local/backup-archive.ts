import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { lstat, mkdir, open, readdir, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { PassThrough } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import { PlatformError } from '../../runtime/errors.ts'
import { onDisk } from './storage-fault.ts'
import { syncAll } from './sync-all.ts'
import { BLOCK, padding, tarHeader } from './tar.ts'
import { syncFolder } from './write-file.ts'

/** Where a backup is written to: entries one after the other, each path relative. A later file of the same path counts. */
export interface Archive {
  folder(path: string): Promise<void>
  /** The body has exactly so many bytes. */
  file(path: string, bytes: number, body: AsyncIterable<Uint8Array>): Promise<void>
  /** All of it is on the disk. */
  close(): Promise<void>
  /** Lets go of what it holds open; after `close` it does nothing. */
  abandon(): Promise<void>
}

/** Whether a backup of this name is one file. */
export function isTar(path: string): boolean {
  return /\.(tar|tar\.gz|tgz)$/.test(path)
}

/** Writes a backup to `out`, a `.tar`, `.tar.gz` or a folder by its name, which appears whole or not at all; refuses one that is there. */
export async function writeArchive<result>(out: string, work: (archive: Archive) => Promise<result>): Promise<result> {
  const making = join(dirname(out), `.${basename(out)}.${randomUUID()}.partial`)
  await demandFree(out)
  try {
    let result: result
    const archive = await onOut(out, async () => (isTar(out) ? openTar(making, out) : openFolder(making, out)))
    try {
      result = await work(archive)
      await archive.close()
    } finally {
      await archive.abandon()
    }
    await onOut(out, async () => {
      await rename(making, out)
      await syncFolder(dirname(out))
    })
    return result
  } finally {
    await rm(making, { recursive: true, force: true })
  }
}

async function demandFree(out: string): Promise<void> {
  const found = await lstat(out).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null
    throw error
  })
  const isFree = !found || (!isTar(out) && found.isDirectory() && (await readdir(out)).length === 0)
  if (!isFree) throw new PlatformError('conflict', `${out} is there already: name another file or folder by --out`)
}

function openTar(path: string, out: string): Archive {
  const at = Date.now() / 1000
  const stream = new PassThrough()
  const target = createWriteStream(path, { flags: 'wx', mode: 0o600, flush: true })
  const written = out.endsWith('.tar') ? pipeline(stream, target) : pipeline(stream, createGzip(), target)
  written.catch(() => undefined)
  const put = (bytes: Uint8Array): Promise<void> =>
    onOut(out, async () => {
      // A stream that has failed takes nothing more, and says why by its end.
      if (!stream.write(bytes)) await Promise.race([once(stream, 'drain'), written])
    })
  return {
    folder: (path) => put(tarHeader({ path, kind: 'folder', bytes: 0 }, at)),
    async file(path, bytes, body) {
      await put(tarHeader({ path, kind: 'file', bytes }, at))
      for await (const chunk of body) await put(chunk)
      await put(Buffer.alloc(padding(bytes)))
    },
    async close() {
      await put(Buffer.alloc(2 * BLOCK))
      stream.end()
      await onOut(out, () => written)
    },
    async abandon() {
      stream.destroy()
      await written.catch(() => undefined)
    },
  }
}

async function openFolder(path: string, out: string): Promise<Archive> {
  await mkdir(path, { mode: 0o700 })
  const folders = new Set<string>(['.'])
  const files: string[] = []
  async function make(folder: string): Promise<void> {
    if (folders.has(folder)) return
    await mkdir(join(path, folder), { recursive: true, mode: 0o700 })
    for (let one = folder; one !== '.'; one = dirname(one)) folders.add(one)
  }
  return {
    folder: (folder) => onOut(out, () => make(folder)),
    async file(name, _bytes, body) {
      const file = await onOut(out, async () => {
        await make(dirname(name))
        return open(join(path, name), 'w', 0o600)
      })
      try {
        for await (const chunk of body) await onOut(out, () => file.writeFile(chunk))
        files.push(name)
      } finally {
        await file.close()
      }
    },
    async close() {
      await onOut(out, () => syncAll([...files, ...folders].map((one) => join(path, one))))
    },
    abandon: async () => undefined,
  }
}

function onOut<result>(out: string, work: () => Promise<result>): Promise<result> {
  return onDisk(out, work, 'the backup')
}
