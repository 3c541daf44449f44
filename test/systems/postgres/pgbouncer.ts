import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { freePort } from '../../../build/local/free-port.ts'
import { startTestServer } from '../../../build/testkit/postgres.ts'
import { functionSql } from '../../../runtime/adapters/function-sql.ts'
import type { Database } from '../../../runtime/adapters/postgres.ts'
import { openDatabase } from '../../../runtime/adapters/postgres.ts'
import { prepareTeam } from '../../../runtime/adapters/team-database.ts'
import { debian } from '../servers/debian.ts'
import type { Server } from '../servers/server.ts'
import { startServer } from '../servers/server.ts'

describe('a function behind PgBouncer in transaction mode', { timeout: 120_000 }, () => {
  const root = mkdtempSync(join(tmpdir(), 'mezz-pgbouncer-'))
  let postgres: Awaited<ReturnType<typeof startTestServer>>
  let server: Server
  let own: Database
  let other: Database
  let ready: Database
  before(async () => {
    const folder = debian('pgbouncer', ['pgbouncer', 'libc-ares2', 'libevent-2.1-7'])
    postgres = await startTestServer()
    const team = { team: 'pooled', adminUrl: postgres.url, password: () => 'secret' }
    const urls = await prepareTeam(team, [{ name: 'notes', emits: [], folder: null }])
    const direct = new URL(urls.of('notes'))
    const pooled = new URL(direct)
    pooled.port = String(await freePort())
    writeFileSync(join(root, 'users'), '"mezz_pooled_notes" "secret"\n')
    writeFileSync(
      join(root, 'pgbouncer.ini'),
      `[databases]
* = host=127.0.0.1 port=${direct.port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${pooled.port}
unix_socket_dir =
auth_type = plain
auth_file = ${root}/users
pool_mode = transaction
default_pool_size = 2
`,
    )
    ready = openDatabase({ url: pooled.href, most: 1 })
    server = await startServer({
      command: 'setpriv',
      args: [
        '--securebits=+no_setuid_fixup',
        '--reuid=65534',
        '--regid=65534',
        '--clear-groups',
        '--inh-caps=+dac_override',
        '--ambient-caps=+dac_override',
        join(folder, 'usr/sbin/pgbouncer'),
        join(root, 'pgbouncer.ini'),
      ],
      env: { LD_LIBRARY_PATH: join(folder, 'usr/lib/x86_64-linux-gnu') },
      log: join(root, 'log'),
      isReady: () =>
        ready.query`select 1`.then(
          () => true,
          () => false,
        ),
    })
    const open = () => openDatabase({ url: pooled.href, schema: 'notes', roleHasPath: true })
    own = open()
    other = open()
  })
  after(async () => {
    await Promise.all([own?.close(), other?.close(), ready?.close()])
    await server?.stop()
    await postgres?.stop()
    rmSync(root, { recursive: true, force: true })
  })

  it('finds its own schema and its limits', async () => {
    assert.deepEqual(await own.query`select current_schema() as name`, [{ name: 'notes' }])
    assert.deepEqual(await own.query`show statement_timeout`, [{ statement_timeout: '1min' }])
  })

  it('asks and writes with values from many at once over two connections', async () => {
    const { sql } = functionSql(own)

    await Promise.all(
      Array.from({ length: 40 }, (_, at) =>
        sql.transaction((tx) => tx.query`insert into inbox (path, source, id) values ('/', 's', ${String(at)})`),
      ),
    )

    assert.deepEqual(await sql.query`select count(*) as n from inbox`, [{ n: 40 }])
  })

  it('holds a key for itself while others ask, and gives it back', async () => {
    const release = await own.tryLock('key')

    assert.ok(release)
    for (let at = 0; at < 4; at++) await other.query`select 1`
    assert.equal(await other.tryLock('key'), null)
    await release()
    const again = await other.tryLock('key')
    assert.ok(again)
    await again()
  })

  it('goes on after the pooler was killed and came again', async () => {
    await server.kill()
    await assert.rejects(own.query`select 1 as n`, { code: 'unavailable' })
    await server.start()

    assert.deepEqual(await own.query`select 1 as n`, [{ n: 1 }])
  })
})
