import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { openDataFolder } from '../../build/local/data-folder.ts'
import { keepPostgres } from '../../build/local/kept-postgres.ts'
import { readPidFile } from '../../build/local/postgres-leftover.ts'
import { until } from '../../build/local/until.ts'
import { eventually } from './eventually.ts'
import { lives, query } from './fixture/on-postgres.ts'

const root = mkdtempSync(join(tmpdir(), 'kept-postgres-'))
after(() => rmSync(root, { recursive: true, maxRetries: 5 }))

describe('PostgreSQL that is kept', () => {
  it('is started again on its port when it ends by itself', async () => {
    const folder = await openDataFolder(join(root, 'again'))
    const kept = await keepPostgres(folder, () => undefined)
    await query(kept.url, 'create table t as select 1 as n')
    process.kill(await pidOf(folder.postgres), 'SIGKILL')

    const rows = await eventually('an answer', () => query(kept.url, 'select n from t').catch(() => false as const))

    assert.deepEqual(rows, [{ n: 1 }])
    await kept.stop()
    await folder.close()
  })

  it('leaves no server behind when it is stopped while one starts again', async () => {
    const folder = await openDataFolder(join(root, 'stopped'))
    const kept = await keepPostgres(folder, () => undefined)
    const first = await pidOf(folder.postgres)
    process.kill(first, 'SIGKILL')
    let second = first
    // The next server's start writes our own id for a moment, in place of the dead one's.
    await until(15_000, async () => {
      second = await pidOf(folder.postgres)
      return second !== first && second !== process.pid
    })

    await kept.stop()

    assert.equal(lives(second), false)
    assert.equal(await readPidFile(folder.postgres), null)
    await folder.close()
  })
})

async function pidOf(data: string): Promise<number> {
  return Number((await readPidFile(data))?.[0] ?? 0)
}
