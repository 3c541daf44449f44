import { randomUUID } from 'node:crypto'
import { mkdir, readdir, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { Environment } from '../../runtime/env.ts'
import { PlatformError } from '../../runtime/errors.ts'
import type { Progress } from './backup.ts'
import type { Manifest } from './backup-manifest.ts'
import { demandEmbedded, isInside, placeOf } from './backup-place.ts'
import { demandFormat, openDataFolder } from './data-folder.ts'
import { startPostgres } from './postgres.ts'
import { settleAliases } from './restore-aliases.ts'
import { layFiles } from './restore-files.ts'
import { onDisk } from './storage-fault.ts'
import { syncFolder } from './write-file.ts'

export interface RestoreOptions {
  /** What `backUp` wrote: one file, or a folder. */
  readonly backup: string
  /** Where the data folder shall be: nothing, or an empty folder. */
  readonly data: string
  readonly environment: Environment
  /** Ends it, and nothing is left. */
  readonly signal: AbortSignal
  readonly progress: Progress
}

/** Makes a data folder of a backup, checked whole: its bytes by their digests, its database by a start. It appears when all is done, or not at all. */
export async function restore({ backup, data, environment, signal, progress }: RestoreOptions): Promise<Manifest> {
  demandEmbedded(environment)
  const target = await placeOf(data)
  await demandEmpty(target)
  if (isInside(await placeOf(backup), target)) {
    throw new PlatformError('invalid_input', `${data} lies in the backup ${backup}: name another folder by --data`)
  }
  const making = join(dirname(target), `.${basename(target)}.${randomUUID()}.restoring`)
  try {
    await onDisk(making, () => mkdir(making, { mode: 0o700 }))
    let [files, bytes] = [0, 0]
    const manifest = await layFiles(backup, making, {
      signal,
      heard(...now) {
        ;[files, bytes] = now
        progress('files', files, bytes)
      },
    })
    demandFormat(backup, { format: manifest.dataFormat, writtenBy: `mezz ${manifest.mezz}` })
    progress('database', files, bytes)
    await settle(making)
    signal.throwIfAborted()
    await appear(making, target)
    return manifest
  } finally {
    await rm(making, { recursive: true, force: true, maxRetries: 5 })
  }
}

async function demandEmpty(target: string): Promise<void> {
  const entries = await readdir(target).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    if (error.code === 'ENOTDIR') return [basename(target)]
    throw error
  })
  if (entries.length > 0) throw notEmpty(target)
}

/** PostgreSQL reads its log from the backup's beginning to its end, and stops as if it had never been anything but whole. */
async function settle(path: string): Promise<void> {
  const folder = await openDataFolder(path)
  try {
    const server = await startPostgres(folder)
    try {
      await settleAliases(server.url, folder.objects)
    } finally {
      await server.stop()
    }
  } finally {
    await folder.close()
  }
}

async function appear(making: string, target: string): Promise<void> {
  await onDisk(target, async () => {
    await rename(making, target).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOTEMPTY') throw notEmpty(target)
      throw error
    })
    await syncFolder(dirname(target))
  })
}

function notEmpty(target: string): PlatformError {
  return new PlatformError(
    'conflict',
    `${target} is there and not empty: a backup is restored into a new or an empty folder; name one by --data`,
  )
}
