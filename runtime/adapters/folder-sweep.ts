import { mkdir, readdir, rename, rm, stat, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { BLOBS } from '../object-name.ts'
import type { Objects } from '../ports.ts'
import { nullIfGone } from './folder-errors.ts'
import type { Places } from './folder-places.ts'
import { placeOf } from './folder-places.ts'
import type { Writer } from './folder-write.ts'

/**
 * Removes blobs of a folder store. The file is moved aside before the last look, so that a put that comes before it is seen and
 * one that comes after it makes a file of its own; a reader finds it in both places.
 */
export function folderSweep(places: Places, writer: Writer): Objects['sweep'] {
  let recovered: Promise<void> | undefined
  const putBack = async (aside: string, name: string) => {
    // Its place may hold newer bytes of the same digest, whose age must not grow by this.
    const now = new Date()
    await utimes(aside, now, now)
    await writer.bring(aside, name)
  }
  /** What a crash left aside was never decided on. */
  const recover = async () => {
    await mkdir(places.aside, { recursive: true })
    for (const digest of await readdir(places.aside)) await putBack(join(places.aside, digest), BLOBS + digest)
  }

  return async (sha256, { before, isKept }) => {
    recovered ??= recover().catch((error) => {
      recovered = undefined
      throw error
    })
    await recovered
    const name = BLOBS + sha256
    const path = placeOf(places, name)
    const aside = join(places.aside, sha256)
    const isOld = async (file: string) => {
      const found = await stat(file).catch(nullIfGone)
      return found !== null && found.mtime < before
    }

    if (!(await isOld(path))) return false
    const isAside = await rename(path, aside).then(() => true, nullIfGone)
    if (!isAside) return false
    let goes = false
    try {
      goes = (await isOld(aside)) && !(await isKept())
    } finally {
      if (!goes) {
        // Where this fails, the next sweep begins with it.
        const before = recovered
        recovered = undefined
        await putBack(aside, name)
        recovered = before
      }
    }
    if (goes) await rm(aside)
    return goes
  }
}
