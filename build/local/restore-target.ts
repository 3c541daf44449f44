import { randomUUID } from 'node:crypto'
import { readdir, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { PlatformError } from '../../runtime/errors.ts'
import { onDisk } from './storage-fault.ts'
import { syncFolder } from './write-file.ts'

/** Says which release's data folder it is. */
const LAST = 'format'

/** Where a data folder can be made aside: on the same disk as its real path, at which there is nothing or an empty folder. */
export async function makingPlace(target: string): Promise<string> {
  const entries = await readdir(target).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null
    if (error.code === 'ENOTDIR') return [basename(target)]
    throw error
  })
  if (entries && entries.length > 0) throw notEmpty(target)
  return join(entries ? target : dirname(target), `.${basename(target)}.${randomUUID()}.restoring`)
}

/** Brings what was made aside to its place, safe on the disk. */
export async function appear(making: string, target: string): Promise<void> {
  await onDisk(target, async () => {
    if (dirname(making) === target) return moveInto(target, making)
    await rename(making, target).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOTEMPTY') throw notEmpty(target)
      throw error
    })
    await syncFolder(dirname(target))
  })
}

/** A folder that is there may be where a disk is mounted, and cannot be replaced. It is no data folder before its last file. */
async function moveInto(target: string, making: string): Promise<void> {
  const names = (await readdir(making)).filter((name) => name !== LAST)
  if ((await readdir(target)).length > 1) throw notEmpty(target)
  try {
    for (const name of [...names, LAST]) await rename(join(making, name), join(target, name))
    await syncFolder(target)
  } catch (error) {
    for (const name of names) await rm(join(target, name), { recursive: true, force: true, maxRetries: 5 })
    throw error
  }
}

function notEmpty(target: string): PlatformError {
  return new PlatformError(
    'conflict',
    `${target} is there and not empty: a backup is restored into a new or an empty folder; name one by --data`,
  )
}
