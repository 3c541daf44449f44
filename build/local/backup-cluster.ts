import { randomUUID } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { openDatabase } from '../../runtime/adapters/postgres.ts'
import { PlatformError } from '../../runtime/errors.ts'
import type { Recorder } from './backup-recorder.ts'
import { walk } from './backup-walk.ts'

// What a start makes anew: https://www.postgresql.org/docs/16/continuous-archiving.html#BACKUP-LOWLEVEL-BASE-BACKUP-DATA
const EMPTIED = /^(pg_dynshmem|pg_notify|pg_replslot|pg_serial|pg_snapshots|pg_stat_tmp|pg_subtrans)\//
const LEFT_OUT = /^(postmaster\.(pid|opts)|pg_internal\.init.*|pgsql_tmp.*|postgresql\.auto\.conf\.tmp)$/
const CONTROL = 'global/pg_control'
const WAL = 'pg_wal'
const SEGMENT = /^[0-9A-F]{24}$/

/** Copies the folder of a server that is stopped, or was killed: its own log brings it right. */
export async function copyStoppedCluster(cluster: string, recorder: Recorder): Promise<void> {
  await copyFiles(cluster, recorder, () => true)
}

/**
 * Copies the folder of a running server as it documents it: https://www.postgresql.org/docs/16/continuous-archiving.html#BACKUP-LOWLEVEL-BASE-BACKUP
 * A start on the copy brings it to the moment at which this resolves; what was committed before is there.
 */
export async function copyRunningCluster(cluster: string, url: string, recorder: Recorder): Promise<void> {
  const database = openDatabase({ url, most: 1, name: 'mezz backup' })
  try {
    // One transaction, for it keeps its connection, with which the server ends backup mode and slot.
    await database.transaction(async (query) => {
      const slot = `mezz_backup_${randomUUID().replaceAll('-', '')}`
      await query`select pg_create_physical_replication_slot(${slot}, true, true)`
      const [begun] = await query<{ segment: string }>`
        select pg_walfile_name(pg_backup_start('mezz', true)) as segment`
      await copyFiles(cluster, recorder, (path) => !path.startsWith(`${WAL}/`))
      const [ended] = await query<{ segment: string; label: string }>`
        select pg_walfile_name(lsn) as segment, labelfile as label from pg_backup_stop(false)`
      if (!begun || !ended) throw new Error('the server answers each of these with one row')
      await recorder.write('postgres/backup_label', Buffer.from(ended.label))
      await copyLog(cluster, recorder, [begun.segment, ended.segment])
    })
  } finally {
    await database.close()
  }
}

async function copyFiles(cluster: string, recorder: Recorder, wanted: (path: string) => boolean): Promise<void> {
  await recorder.folder('postgres')
  for await (const { path, kind } of walk(cluster)) {
    if (EMPTIED.test(path) || LEFT_OUT.test(basename(path)) || path === CONTROL) continue
    if (kind === 'folder') await recorder.folder(`postgres/${path}`)
    else if (wanted(path)) await recorder.copy(join(cluster, path), `postgres/${path}`)
  }
  await recorder.write(`postgres/${CONTROL}`, await settled(join(cluster, CONTROL)))
}

/** The segments of the server's log from the one to the other, which the slot holds and no one writes to any more. */
async function copyLog(cluster: string, recorder: Recorder, [first, last]: readonly [string, string]): Promise<void> {
  const names = (await readdir(join(cluster, WAL))).filter((name) => SEGMENT.test(name))
  const wanted = names.filter((name) => first <= name && name <= last).sort()
  if (wanted[0] !== first || wanted.at(-1) !== last) {
    throw new PlatformError('unavailable', `PostgreSQL did not keep its log from ${first} to ${last}: try again`)
  }
  for (const name of wanted) await recorder.copy(join(cluster, WAL, name), `postgres/${WAL}/${name}`)
}

/** A small file that the server overwrites in place, read until two reads agree. */
async function settled(file: string): Promise<Buffer> {
  for (let before = await readFile(file); ; ) {
    const now = await readFile(file)
    if (now.equals(before)) return now
    before = now
  }
}
