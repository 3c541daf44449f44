import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Database } from '../../runtime/adapters/postgres.ts'
import { openDatabase } from '../../runtime/adapters/postgres.ts'
import type { CrashingPostgres } from './fixture/crashing-postgres.ts'
import { crashingPostgres } from './fixture/crashing-postgres.ts'

describe('a transaction', () => {
  let postgres: CrashingPostgres
  let database: Database
  before(async () => {
    postgres = await crashingPostgres()
    database = openDatabase({ url: postgres.url })
    await database.script('create table things (n integer primary key)')
  })
  after(async () => {
    await database.close()
    await postgres.close()
  })

  it('whose work went on over a failed statement is refused, for nothing of it is stored', async () => {
    const torn = database.transaction(async (query) => {
      await query`insert into things values (1)`
      await query`insert into things values (1)`.catch(() => undefined)
    })

    await assert.rejects(torn, /nothing of it is stored/)
    assert.deepEqual(await database.query`select * from things`, [])
  })

  it('stores what its work did, and after one that failed the connection is as good as new', async () => {
    await assert.rejects(
      database.transaction(async (query) => {
        await query`insert into things values (2)`
        throw new Error('no')
      }),
      /no/,
    )

    await database.transaction((query) => query`insert into things values (3)`)

    assert.deepEqual(await database.query`select * from things`, [{ n: 3 }])
  })
})
