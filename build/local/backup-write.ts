import { randomUUID } from 'node:crypto'
import { lstat, readdir, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { PlatformError } from '../../runtime/errors.ts'
import type { Archive } from './backup-archive.ts'
import { onTarget } from './backup-archive.ts'
import { openFolder } from './backup-folder.ts'
import { openTar } from './backup-tar.ts'
import { syncFolder } from './write-file.ts'

/** Writes a backup to `out`, a `.tar`, `.tar.gz` or a folder by its name, which appears whole or not at all; refuses one that is there. */
export async function writeArchive<result>(out: string, work: (archive: Archive) => Promise<result>): Promise<result> {
  const making = join(dirname(out), `.${basename(out)}.${randomUUID()}.partial`)
  await demandFree(out)
  try {
    let result: result
    const archive = await onTarget(out, async () =>
      isTar(out) ? openTar(making, { isPacked: !out.endsWith('.tar') }) : openFolder(making),
    )
    try {
      result = await work(archive)
      await archive.close()
    } finally {
      await archive.abandon()
    }
    await onTarget(out, async () => {
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

/** Whether a backup of this name is one file. */
function isTar(path: string): boolean {
  return /\.(tar|tar\.gz|tgz)$/.test(path)
}
