import { createHash, randomUUID } from 'node:crypto'
import type { FileHandle } from 'node:fs/promises'
import { mkdir, open, readdir, rename, rm, rmdir, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Body, ObjectRef } from '../ports.ts'
import { codeOf, failed, isNotEmpty, nullIfGone } from './folder-errors.ts'
import type { Places } from './folder-places.ts'
import { placeOf } from './folder-places.ts'
import { folderSyncs } from './folder-sync.ts'

/** What lies in `writing` for longer (milliseconds) is the rest of a crash. */
const ABANDONED = 24 * 60 * 60 * 1000
/** A folder may vanish between its making and its use, when another writer removes the last object in it. */
const TRIES = 20

export interface Writer {
  /** Makes the store's folders and clears what a crash left. */
  prepare(): Promise<void>
  /** Stores the bytes under the name that their digest gives. Errors of the body rise as they are. */
  store(body: Body, name: (sha256: string) => string): Promise<ObjectRef>
  remove(name: string): Promise<void>
  /** Brings a file that lies elsewhere in the store to a name, in place of what is there. */
  bring(file: string, name: string): Promise<void>
}

/** What changes a folder store: each change is whole, and durable when it resolves. */
export function folderWriter(places: Places): Writer {
  const sync = folderSyncs()
  /** A new name is an entry of its folder, and a new folder one of the folder above. */
  const syncUp = async (folder: string) => {
    const folders = []
    for (let one = folder; one.startsWith(places.root); one = dirname(one)) folders.push(one)
    await Promise.all(folders.map(sync))
  }

  const bring = async (file: string, name: string) => {
    const path = placeOf(places, name)
    await move(file, path)
    await syncUp(dirname(path))
  }

  return {
    bring,
    async prepare() {
      const made = await mkdir(places.root, { recursive: true })
      await mkdir(places.writing, { recursive: true })
      await syncUp(places.root)
      if (made) for (let one = places.root; one.startsWith(made); one = dirname(one)) await sync(dirname(one))
      await clearAbandoned(places.writing)
    },
    async store(body, name) {
      const temporary = join(places.writing, randomUUID())
      const file = await open(temporary, 'wx').catch(failed)
      try {
        const { sha256, bytes } = await fill(file, body).finally(() => file.close())
        const ref = { name: name(sha256), sha256, bytes }
        await bring(temporary, ref.name).catch(failed)
        return ref
      } finally {
        await rm(temporary, { force: true })
      }
    },
    async remove(name) {
      const path = placeOf(places, name)
      await rm(path, { force: true })
      await syncUp(await prune(dirname(path), [places.names, places.blobs]))
    },
  }
}

async function fill(file: FileHandle, body: Body) {
  const hash = createHash('sha256')
  let bytes = 0
  for await (const chunk of body instanceof Uint8Array ? [body] : body) {
    hash.update(chunk)
    bytes += chunk.byteLength
    await file.writeFile(chunk).catch(failed)
  }
  await file.sync().catch(failed)
  return { sha256: hash.digest('hex'), bytes }
}

async function move(from: string, to: string): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await mkdir(dirname(to), { recursive: true })
      return await rename(from, to)
    } catch (error) {
      // ENOTDIR and EEXIST are what a recursive mkdir makes of a folder above that goes while it works.
      if (attempt === TRIES || !['ENOENT', 'ENOTDIR', 'EEXIST'].includes(codeOf(error))) throw error
    }
  }
}

/** Removes the folders that have become empty; answers with the first that has not. */
async function prune(folder: string, keep: readonly string[]): Promise<string> {
  if (keep.includes(folder)) return folder
  try {
    await rmdir(folder)
  } catch (error) {
    if (isNotEmpty(error)) return folder
    nullIfGone(error)
  }
  return prune(dirname(folder), keep)
}

async function clearAbandoned(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const path = join(folder, name)
    const found = await stat(path).catch(nullIfGone)
    if (found && Date.now() - found.mtimeMs > ABANDONED) await rm(path, { force: true })
  }
}
