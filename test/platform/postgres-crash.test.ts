import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  watch,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { openDataFolder } from '../../build/local/data-folder.ts'
import { startPostgres } from '../../build/local/postgres.ts'
import { until } from '../../build/local/until.ts'
import { gone, lives, on, query, Started, session } from './fixture/on-postgres.ts'
import { runFixture, script } from './fixture/run.ts'

const root = mkdtempSync(join(tmpdir(), 'postgres-crash-'))
after(() => rmSync(root, { recursive: true, maxRetries: 5 }))

const fresh = () => join(mkdtempSync(join(root, 'case-')), 'data')

describe('PostgreSQL, after a crash', () => {
  const path = fresh()

  it('tells of its end, and starts again with all that it acknowledged, when it is killed', async () => {
    const folder = await openDataFolder(path)
    const first = await startPostgres(folder)
    await query(
      first.url,
      'create table acknowledged (n int); insert into acknowledged select generate_series(1, 1000)',
    )
    process.kill(first.pid, 'SIGKILL')

    assert.deepEqual(await first.exited, { code: null, signal: 'SIGKILL' })
    await first.stop()
    const second = await startPostgres(folder)
    assert.deepEqual(await query(second.url, 'select count(*)::int as n from acknowledged'), [{ n: 1000 }])
    await second.stop()
    await folder.close()
  })

  it('waits for the sessions of a killed server to end before it starts again', async () => {
    const folder = await openDataFolder(path)
    const first = await startPostgres(folder)
    const busy = await session(first.url)
    // Work that does not look up: it goes on for a second or so after its server is gone.
    const cut = busy.query('select count(*) from generate_series(1, 10000000) as n where n % 7 = 1').catch(() => 'cut')
    assert.ok(
      await until(5_000, async () => {
        const [row] = await query(first.url, "select count(*)::int as n from pg_stat_activity where state = 'active'")
        return row?.['n'] === 2
      }),
    )
    process.kill(first.pid, 'SIGKILL')
    await first.exited

    const second = await startPostgres(folder)

    assert.match(readFileSync(join(folder.logs, 'postgres.log'), 'utf8'), /pre-existing shared memory block/)
    assert.deepEqual(await query(second.url, 'select 1 as n'), [{ n: 1 }])
    await second.stop()
    await cut
    await folder.close()
  })

  it('does not take a stranger for its own whose process id an old pid file names', async (t) => {
    const folder = await openDataFolder(path)
    const first = await startPostgres(folder)
    process.kill(first.pid, 'SIGKILL')
    await first.exited
    const file = join(folder.postgres, 'postmaster.pid')
    const { uid } = statSync(file)
    const stranger = spawn('sleep', ['600'], process.getuid?.() === 0 ? { uid, gid: uid } : {})
    t.after(() => stranger.kill())
    await once(stranger, 'spawn')
    writeFileSync(file, readFileSync(file, 'utf8').replace(/^\d+/, String(stranger.pid)))

    const second = await startPostgres(folder)

    assert.deepEqual(await query(second.url, 'select 1 as n'), [{ n: 1 }])
    assert.equal(stranger.exitCode ?? stranger.signalCode, null)
    await second.stop()
    await folder.close()
  })

  it('stops by itself when the process that started it is killed', async () => {
    const first = await runFixture(script('hold-postgres.ts', path))
    const { pid } = Started.parse(first.said)
    assert.ok(lives(pid))

    await first.kill()

    assert.ok(await gone(pid))
  })

  it('of an earlier crash that still runs is stopped, sessions and all, and started anew', async () => {
    const first = await runFixture(script('hold-postgres.ts', path))
    const { url, pid } = Started.parse(first.said)
    const client = await session(url)
    await client.query('create table left_over as select 1 as n')
    for (const guard of guards(path)) process.kill(guard, 'SIGKILL')
    await first.kill()
    assert.ok(lives(pid))

    const rows = await on(path, async (again) => {
      assert.ok(!lives(pid))
      return query(again, 'select n from left_over')
    })

    assert.deepEqual(rows, [{ n: 1 }])
  })

  it('is made whole by the next start when its making was cut', async () => {
    const cut = fresh()
    mkdirSync(cut, { mode: 0o700 })
    const folder = watch(cut)
    const making = once(folder, 'change').then(() => until(10_000, async () => readdirSync(cut).some(isMaking)))
    const [file, ...args] = script('hold-postgres.ts', cut)
    const child = spawn(file, args, { stdio: 'ignore' })
    const exited = once(child, 'exit')
    assert.ok(await making)
    child.kill('SIGKILL')
    await exited
    folder.close()
    assert.ok(!existsSync(join(cut, 'postgres')))

    await on(cut, (url) => query(url, 'select 1'))

    assert.deepEqual(readdirSync(cut).filter(isMaking), [])
  })
})

function isMaking(name: string): boolean {
  return name.startsWith('postgres.making-')
}

/** The processes that watch over a server of this folder. */
function guards(path: string): number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => pid > 0 && commandLine(pid).includes(join(path, 'postgres', 'postmaster.pid')))
}

function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8')
  } catch {
    return ''
  }
}
