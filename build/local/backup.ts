import { readdir, readFile, realpath } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { Environment } from '../../runtime/env.ts'
import { PlatformError } from '../../runtime/errors.ts'
import { copyDatabase } from './backup-database.ts'
import type { Manifest } from './backup-manifest.ts'
import { BACKUP_FORMAT, MANIFEST } from './backup-manifest.ts'
import type { Copied } from './backup-objects.ts'
import { copyObjects } from './backup-objects.ts'
import { demandEmbedded, isInside, placeOf } from './backup-place.ts'
import { recorder } from './backup-recorder.ts'
import { writeArchive } from './backup-write.ts'
import { DATA_FORMAT, demandDataFolder, version } from './data-folder.ts'

/** Hears what is done at the moment, with files and bytes up to now. */
export type Progress = (part: string, files: number, bytes: number) => void

export interface BackupOptions {
  /** The data folder, whether or not a platform runs on it. */
  readonly data: string
  /** A `.tar`, a `.tar.gz`, or a folder, which is not there or empty. */
  readonly out: string
  readonly environment: Environment
  /** Ends it, and nothing is left. */
  readonly signal: AbortSignal
  readonly progress: Progress
}

/**
 * Writes all that a data folder keeps (database, objects, keys, secrets) to one place, which appears whole or not at all. What the
 * platform had acknowledged before is in it; scratch, logs, and the folders of jobs under way are not.
 */
export async function backUp({ data, out, environment, signal, progress }: BackupOptions): Promise<Manifest> {
  demandEmbedded(environment)
  const path = await realpath(data).catch(() => resolve(data))
  await demandDataFolder(path)
  const target = await placeOf(out)
  if (isInside(path, target)) {
    throw new PlatformError('invalid_input', `${out} lies in the data folder ${data}: name another place by --out`)
  }

  const at = new Date().toISOString()
  let part = 'objects'
  return writeArchive(target, async (archive) => {
    const record = recorder(archive, { signal, heard: (files, bytes) => progress(part, files, bytes) })
    const objects = join(path, 'objects')
    const copied: Copied = new Map()
    await copyObjects(objects, record, copied)
    part = 'database'
    await copyDatabase(path, record)
    part = 'objects since'
    await copyObjects(objects, record, copied)
    for (const name of await privateFiles(path)) await record.copy(join(path, name), name)

    const manifest: Manifest = {
      format: BACKUP_FORMAT,
      mezz: version(),
      postgres: (await readFile(join(path, 'postgres', 'PG_VERSION'), 'utf8')).trim(),
      dataFormat: DATA_FORMAT,
      at,
      files: record.files(),
    }
    await record.write(MANIFEST, Buffer.from(`${JSON.stringify(manifest)}\n`))
    return manifest
  })
}

/** Format, keys, secrets; not what is being written at the moment, which begins with a dot. */
async function privateFiles(path: string): Promise<string[]> {
  const entries = await readdir(path, { withFileTypes: true })
  return entries.filter((entry) => entry.isFile() && !entry.name.startsWith('.')).map(({ name }) => name)
}
