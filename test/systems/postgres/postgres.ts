import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { startTestServer } from '../../../build/testkit/postgres.ts'
import type { Database } from '../../../runtime/adapters/postgres.ts'
import { openDatabase } from '../../../runtime/adapters/postgres.ts'
import { prepareTeam } from '../../../runtime/adapters/team-database.ts'
import type { Query } from '../../../runtime/ports.ts'

const LIMITS = { statement: 2000, lock: 200 }

describe('a function on PostgreSQL', { timeout: 120_000 }, () => {
  let server: Awaited<ReturnType<typeof startTestServer>>
  let owner: Database
  let own: Database
  before(async () => {
    server = await startTestServer()
    const team = { team: 'limits', adminUrl: server.url, password: () => 'secret', limits: LIMITS }
    const urls = await prepareTeam(team, [{ name: 'notes', emits: [], folder: null }])
    owner = openDatabase({ url: server.url.replace(/\/postgres$/, '/mezz_limits'), most: 1 })
    await owner.script('create table notes.t (n integer primary key, hits integer not null default 0)')
    await owner.script('grant all on notes.t to mezz_limits_notes; insert into notes.t values (1), (2)')
    own = openDatabase({ url: urls.of('notes'), schema: 'notes', roleHasPath: true })
  })
  after(async () => {
    await Promise.all([own?.close(), owner?.close()])
    await server?.stop()
  })

  it('is told `timeout` of a statement that takes too long, and nothing of its transaction is stored', async () => {
    const slow = own.transaction(async (query) => {
      await query`insert into t values (10)`
      await query`select pg_sleep(60)`
    })

    await assert.rejects(slow, { code: 'timeout' })
    assert.deepEqual(await own.query`select 1 from t where n = 10`, [])
  })

  it('is told `unavailable` of a lock that others hold', async () => {
    await own.transaction(async (query) => {
      await query`update t set hits = hits where n = 1`
      const other = own.transaction((inside) => inside`update t set hits = hits where n = 1`)
      await assert.rejects(other, { code: 'unavailable', retryAfter: 1 })
    })
  })

  it('has a transaction that the server gave up for another run again, with one effect', async () => {
    const met = Promise.withResolvers<void>()
    let arrived = 0
    let runs = 0
    async function both(first: number, second: number): Promise<void> {
      await own.transaction(async (query: Query) => {
        runs++
        await query`set local lock_timeout = 0`
        await query`set local deadlock_timeout = '10ms'`
        await query`update t set hits = hits + 1 where n = ${first}`
        if (++arrived === 2) met.resolve()
        await met.promise
        await query`update t set hits = hits + 1 where n = ${second}`
      })
    }
    await owner.script('grant set on parameter deadlock_timeout to mezz_limits_notes')
    await own.query`update t set hits = 0`

    await Promise.all([both(1, 2), both(2, 1)])

    assert.equal(runs, 3)
    assert.deepEqual(await own.query`select hits from t where n < 3`, [{ hits: 2 }, { hits: 2 }])
  })

  it('runs no transaction again for another error', async () => {
    let runs = 0
    const twice = own.transaction(async (query) => {
      runs++
      await query`insert into t values (1)`
    })

    await assert.rejects(twice, /duplicate key/)
    assert.equal(runs, 1)
  })

  it('gives up after five tries', async () => {
    let runs = 0
    const never = own.transaction(async (query) => {
      runs++
      await query`do $$ begin raise exception 'again' using errcode = '40001'; end $$`
    })

    await assert.rejects(never, { code: 'unavailable' })
    assert.equal(runs, 5)
  })
})
