import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { PlatformError } from '../../runtime/errors.ts'
import { copyRunningCluster, copyStoppedCluster } from './backup-cluster.ts'
import type { Recorder } from './backup-recorder.ts'
import { claim } from './folder-lock.ts'
import { readPidFile, stopLeftover } from './postgres-leftover.ts'
import { secretsFile } from './secrets-file.ts'
import { until } from './until.ts'

/** Milliseconds that a platform which starts just now is given until its database is there. */
const STARTS = 30_000

/** Copies the database of a data folder: from its server where a platform runs on the folder, else from its files, and then no platform can start until it is done. */
export async function copyDatabase(folder: string, recorder: Recorder): Promise<void> {
  const cluster = join(folder, 'postgres')
  const lock = await claim(folder)
  if (!lock) return copyRunningCluster(cluster, await runningUrl(folder, cluster), recorder)
  try {
    if (!existsSync(join(cluster, 'PG_VERSION'))) {
      throw new PlatformError('not_found', `${folder} holds no database yet: there is nothing to back up`)
    }
    await stopLeftover(cluster)
    await copyStoppedCluster(cluster, recorder)
  } finally {
    await lock.release()
  }
}

async function runningUrl(folder: string, cluster: string): Promise<string> {
  let port = ''
  const isReady = await until(STARTS, async () => {
    const lines = await readPidFile(cluster)
    port = lines?.[3] ?? ''
    return lines?.[7] === 'ready'
  })
  if (!isReady) {
    throw new PlatformError(
      'unavailable',
      `another mezz uses ${folder}, and no database of its own answers there after ${STARTS / 1000} s: try again (one by DATABASE_URL is backed up by its own tools)`,
    )
  }
  return `postgres://postgres:${await secretsFile(join(folder, 'secrets.json'))('postgres')}@127.0.0.1:${port}/postgres`
}
