import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { after, before, describe, it } from 'node:test'
import { openDataFolder } from '../../build/local/data-folder.ts'
import { openTeamStore } from '../../build/local/team-store.ts'
import type { FunctionSchema } from '../../runtime/adapters/team-database.ts'
import { eventually } from './eventually.ts'
import type { CrashingPostgres } from './fixture/crashing-postgres.ts'
import { crashingPostgres } from './fixture/crashing-postgres.ts'
import { query, session } from './fixture/on-postgres.ts'

const root = mkdtempSync(join(tmpdir(), 'given-database-'))
after(() => rmSync(root, { recursive: true, maxRetries: 5 }))

const GOOD = 'create table t (n integer)'
let teams = 0

describe('a given database', () => {
  let server: CrashingPostgres
  before(async () => {
    server = await crashingPostgres()
  })
  after(() => server.close())

  async function open(t: TestContext, url = server.url) {
    const team = `given-${teams++}`
    const folder = await openDataFolder(join(root, team))
    const told: string[] = []
    const store = await openTeamStore({
      team,
      folder,
      url,
      log: (level, message, error) => told.push(`${level} ${message} ${error instanceof Error ? error.message : ''}`),
    })
    t.after(async () => {
      await store.close()
      await folder.close()
    })
    const tables = () =>
      query(
        server.url.replace(/\/postgres$/, `/mezz_${team}`),
        `select schemaname as name from pg_tables where tablename = 't' order by 1`,
      ).then((rows) => rows.map(({ name }) => name))
    return { store, told, tables }
  }

  it("tells a schema file's fault at once, and makes the tables of others after it", async (t) => {
    const { store, tables } = await open(t)

    await assert.rejects(store.prepare([schema('bad', 'create tabel t')]), /bad: 001-t\.sql failed/)
    await store.prepare([schema('good', GOOD)])

    assert.equal(store.missing(), null)
    assert.deepEqual(await tables(), ['good'])
  })

  it('that refuses the password is told at once', async (t) => {
    const { store } = await open(t, server.url.replace(/:[^:@]+@/, ':wrong@'))

    await assert.rejects(store.prepare([schema('good', GOOD)]), /password authentication failed/)
  })

  it('that is away is taken up when it comes: each function gets its tables, or its fault is told', async (t) => {
    const { store, told, tables } = await open(t)

    await server.outage(async () => {
      await store.prepare([schema('first', GOOD), schema('bad', 'create tabel t')])
      await store.prepare([schema('second', GOOD)])
      assert.match(store.missing() ?? '', /PostgreSQL did not answer/)
    })

    await eventually('tables', async () => (await tables()).length === 2)
    assert.deepEqual(await tables(), ['first', 'second'])
    const fault = await eventually('the fault', async () => told.find((line) => /bad: 001-t\.sql failed/.test(line)))
    assert.match(fault, /^error /)
    assert.match(store.missing() ?? '', /bad: 001-t\.sql failed/)
    await store.prepare([schema('bad', GOOD)])
    assert.equal(store.missing(), null)
  })

  it('gets a function that comes while it is being taken up', async (t) => {
    const { store, tables } = await open(t)
    await server.outage(() => store.prepare([schema('first', GOOD)]))
    const other = await session(server.url)
    await other.query(`select pg_advisory_lock(hashtextextended('mezz prepare', 0))`)
    await eventually('a try that waits', async () => {
      const rows = await query(server.url, `select 1 from pg_locks where locktype = 'advisory' and not granted`)
      return rows.length > 0
    })

    await store.prepare([schema('second', GOOD)])
    await other.end()

    await eventually('both tables', async () => (await tables()).length === 2)
    await eventually('nothing missing', async () => store.missing() === null)
  })
})

function schema(name: string, sql: string): FunctionSchema {
  const folder = mkdtempSync(join(root, 'schema-'))
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, '001-t.sql'), sql)
  return { name, emits: [], folder }
}
