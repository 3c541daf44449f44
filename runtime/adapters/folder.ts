import type { FileHandle } from 'node:fs/promises'
import { open, stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { ByteRange } from '../byte-range.ts'
import { checkRange } from '../byte-range.ts'
import { BLOBS, checkDigest, checkObjectName, checkWritableName } from '../object-name.ts'
import type { Objects, OpenObject } from '../ports.ts'
import { failed, nullIfGone } from './folder-errors.ts'
import { listNames } from './folder-list.ts'
import type { Places } from './folder-places.ts'
import { asideOf, placeOf, places } from './folder-places.ts'
import { readChunks } from './folder-read.ts'
import { folderSweep } from './folder-sweep.ts'
import { folderWriter } from './folder-write.ts'

/** Up to this many bytes are read at once, so that a body nobody reads holds no file open. */
const SMALL = 64 * 1024

/** A folder as object store: what it acknowledged survives a crash, and no reader sees half. Several processes may share it. */
export function folderObjects(folder: string): Objects {
  const store = places(resolve(folder))
  const writer = folderWriter(store)
  const sweep = folderSweep(store, writer)
  let prepared: Promise<void> | undefined
  const ready = () => {
    prepared ??= writer.prepare().catch((error) => {
      prepared = undefined
      return failed(error)
    })
    return prepared
  }

  return {
    async put(body) {
      await ready()
      return writer.store(body, (sha256) => BLOBS + sha256)
    },
    async write(name, body) {
      checkWritableName(name)
      await ready()
      return writer.store(body, () => name)
    },
    async read(name, range) {
      checkObjectName(name)
      if (range) checkRange(range)
      return read(store, name, range).catch(failed)
    },
    async list(prefix, { after = '', limit = Number.POSITIVE_INFINITY } = {}) {
      const found = []
      if (limit < 1) return []
      try {
        for await (const { name, path } of listNames(store, { prefix, after })) {
          const bytes = (await stat(path).catch(nullIfGone))?.size
          if (bytes !== undefined) found.push({ name, bytes })
          if (found.length >= limit) break
        }
      } catch (error) {
        failed(error)
      }
      return found
    },
    async remove(name) {
      checkObjectName(name)
      await writer.remove(name).catch(failed)
    },
    async sweep(sha256, unless) {
      checkDigest(sha256)
      await ready()
      return sweep(sha256, unless)
    },
  }
}

async function read(store: Places, name: string, range: ByteRange | undefined): Promise<OpenObject | null> {
  const file = await find(placeOf(store, name), asideOf(store, name))
  if (!file) return null
  try {
    const { size } = await file.stat()
    const end = Math.min(range?.end ?? size, size)
    const start = Math.min(range?.start ?? 0, end)
    const body = readChunks(file, start, end)
    if (end - start > SMALL) return { bytes: end - start, body }
    const chunks: Uint8Array[] = []
    for await (const chunk of body) chunks.push(chunk)
    return { bytes: end - start, body: each(chunks) }
  } catch (error) {
    await file.close()
    throw error
  }
}

/** A blob that the sweeper has moved aside may be back in its place by the time that it is looked for there. */
async function find(path: string, aside: string | null): Promise<FileHandle | null> {
  for (const one of aside ? [path, aside, path] : [path]) {
    const file = await open(one).catch(nullIfGone)
    if (file) return file
  }
  return null
}

async function* each(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks
}
