import assert from 'node:assert/strict'
import { cpSync, existsSync, readdirSync, readFileSync, statSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { backUp } from '../../build/local/backup.ts'
import { openDataFolder } from '../../build/local/data-folder.ts'
import { until } from '../../build/local/until.ts'
import { folderObjects } from '../../runtime/adapters/folder.ts'
import { readEnvironment } from '../../runtime/env.ts'
import { back, bring, common, mode, sample } from './backup-sample.ts'
import { on, query, Started } from './fixture/on-postgres.ts'
import { runFixture, script } from './fixture/run.ts'

const { data, tar, packed, folder: plain, fresh } = sample()

describe('a backup', () => {
  for (const [form, backup] of [
    ['.tar', tar],
    ['.tar.gz', packed],
    ['folder', plain],
  ] as const) {
    it(`as ${form} gives the folder back: rows, objects, secrets, for its owner alone`, async () => {
      const again = join(fresh(), 'data')

      await bring(backup, again)

      assert.deepEqual(await on(again, (url) => query(url, 'select n from kept')), [{ n: 1 }])
      const list = (folder: string) => folderObjects(join(folder, 'objects')).list('')
      assert.deepEqual(await list(again), await list(data))
      const secrets = (folder: string) => readFileSync(join(folder, 'secrets.json'), 'utf8')
      assert.equal(secrets(again), secrets(data))
      assert.deepEqual([mode(join(again, 'secrets.json')), mode(again)], ['600', '700'])
      assert.equal(mode(backup), form === 'folder' ? '700' : '600')
    })
  }

  it('of a folder that nobody uses starts nothing, holds no logs or scratch, and lets a platform start afterwards', async () => {
    const out = join(fresh(), 'out')
    const log = () => statSync(join(data, 'logs/postgres.log')).size
    const before = log()

    await back(data, out)

    assert.equal(log(), before)
    assert.deepEqual(readdirSync(out).sort(), ['format', 'manifest.json', 'objects', 'postgres', 'secrets.json'])
    assert.ok(!existsSync(join(out, 'postgres/postmaster.pid')))
    await on(data, (url) => query(url, 'select 1'))
  })

  it('of a folder whose server was killed holds what was committed', async () => {
    const [killed, again] = [join(fresh(), 'data'), join(fresh(), 'data')]
    const fixture = await runFixture(script('hold-postgres.ts', killed))
    const { url, pid } = Started.parse(fixture.said)
    await query(url, 'create table last (n int); insert into last values (7)')
    process.kill(pid, 'SIGKILL')
    await fixture.kill()

    await back(killed, `${killed}.tar`)
    await bring(`${killed}.tar`, again)

    assert.deepEqual(await on(again, (at) => query(at, 'select n from last')), [{ n: 7 }])
  })

  it('of a folder in use is of one moment, with all that was committed before it began', async () => {
    const [busy, again] = [join(fresh(), 'data'), join(fresh(), 'data')]
    let [before, acknowledged] = [0, 0]
    await on(busy, async (url) => {
      await query(url, 'create table a (n int primary key, pad text); create table b (n int primary key)')
      let isDone = false
      const write = async () => {
        for (let n = 1; !isDone; n++) {
          await query(url, `begin; insert into a values (${n}, repeat('x', 2000)); insert into b values (${n}); commit`)
          acknowledged = n
          // Its log grows by files, and what a checkpoint needs no more goes.
          if (n % 10 === 0) await query(url, 'select pg_switch_wal()')
          if (n % 30 === 0) await query(url, 'checkpoint')
        }
      }
      const writing = write()
      try {
        assert.ok(await until(10_000, async () => acknowledged > 20))
        before = acknowledged
        await Promise.all([back(busy, `${busy}.tar`), back(busy, `${busy}.tar.gz`)])
        assert.ok(acknowledged > before, 'it was written to meanwhile')
      } finally {
        isDone = true
        await writing
      }

      assert.deepEqual(await query(url, 'select count(*)::int as slots from pg_replication_slots'), [{ slots: 0 }])
    })

    await bring(`${busy}.tar`, again)

    const [row] = await on(again, (url) =>
      query(
        url,
        `select (select count(*)::int from a) as a, (select max(n) from a) as last, (select count(*)::int from b) as b, (select count(*)::int from a join b using (n)) as both`,
      ),
    )
    const { a } = row ?? {}
    assert.ok(typeof a === 'number' && a >= before)
    assert.deepEqual(row, { a, last: a, b: a, both: a })
  })

  it('that is broken off leaves nothing, neither of itself nor in the server', async () => {
    const folder = fresh()
    await on(data, async (url) => {
      for (const name of ['x.tar', 'x.tar.gz', 'x']) {
        const ended = new AbortController()
        const progress = (part: string) => part === 'database' && ended.abort(new Error('enough'))

        const broken = backUp({ ...common(), data, out: join(folder, name), signal: ended.signal, progress })

        await assert.rejects(broken, { message: 'enough' })
        assert.deepEqual(readdirSync(folder), [])
      }
      const slots = () => query(url, 'select count(*)::int as n from pg_replication_slots')
      assert.ok(await until(10_000, async () => (await slots())[0]?.['n'] === 0))
    })
  })

  it('is refused, with the reason, where it can be none', async () => {
    const empty = fresh()
    const unused = join(fresh(), 'data')
    await (await openDataFolder(unused)).close()
    const linked = join(fresh(), 'data')
    cpSync(data, linked, { recursive: true, verbatimSymlinks: true })
    symlinkSync('/', join(linked, 'postgres/pg_tblspc/1'))
    const free = join(fresh(), 'x.tar')

    await assert.rejects(back(data, join(data, 'x.tar')), { code: 'invalid_input', message: /lies in the data folder/ })
    await assert.rejects(back(data, join(data, 'objects')), { message: /lies in the data folder/ })
    await assert.rejects(back(data, tar), { code: 'conflict', message: /all\.tar is there already/ })
    await assert.rejects(back(data, plain), { code: 'conflict', message: /all is there already/ })
    await assert.rejects(back(data, join(empty, 'no/x.tar')), { code: 'not_found', message: /no: make it first/ })
    await assert.rejects(back(empty, free), { code: 'not_found', message: /is no data folder of mezz/ })
    await assert.rejects(back(join(empty, 'none'), free), { code: 'not_found' })
    await assert.rejects(back(unused, free), { code: 'not_found', message: /holds no database yet/ })
    await assert.rejects(back(linked, free), { code: 'conflict', message: /pg_tblspc\/1 is no file and no folder/ })
    const elsewhere = readEnvironment({ DATABASE_URL: 'postgres://x', KAFKA_BROKERS: 'k:1', OBJECTS_FOLDER: '/y' })
    await assert.rejects(backUp({ ...common(), data, out: free, environment: elsewhere }), {
      message: /^by DATABASE_URL and KAFKA_BROKERS and OBJECTS_FOLDER not everything lies in the data folder/,
    })
    assert.deepEqual(readdirSync(empty), [])
    assert.ok(!existsSync(free))
  })
})
