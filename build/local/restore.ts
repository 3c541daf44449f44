import { mkdir, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Environment } from '../../runtime/env.ts'
import { PlatformError } from '../../runtime/errors.ts'
import type { Progress } from './backup.ts'
import type { Manifest } from './backup-manifest.ts'
import { demandEmbedded, isInside, placeOf } from './backup-place.ts'
import { demandFormat, openDataFolder } from './data-folder.ts'
import { startPostgres } from './postgres.ts'
import { settleAliases } from './restore-aliases.ts'
import { layFiles } from './restore-files.ts'
import { appear, makingPlace } from './restore-target.ts'
import { onDisk } from './storage-fault.ts'

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
  const making = await makingPlace(target)
  if (isInside(await placeOf(backup), target)) {
    throw new PlatformError('invalid_input', `${data} lies in the backup ${backup}: name another folder by --data`)
  }
  try {
    await onDisk(dirname(making), () => mkdir(making, { mode: 0o700 }), 'the folder')
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
