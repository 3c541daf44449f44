import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { functionSql } from '../../runtime/adapters/function-sql.ts'
import type { Database } from '../../runtime/adapters/postgres.ts'
import { openDatabase } from '../../runtime/adapters/postgres.ts'
import { postgresRecords } from '../../runtime/adapters/postgres-records.ts'
import type { FlowStep } from '../../runtime/records.ts'
import type { CrashingPostgres } from './fixture/crashing-postgres.ts'
import { crashingPostgres } from './fixture/crashing-postgres.ts'

const HOLDER = { name: 'features', emits: [], folder: null }
const TELLER = { name: 'teller', emits: ['fact.v1'], folder: null }

describe('in the database of a team', () => {
  let server: CrashingPostgres
  let holder: Database
  let teller: Database
  let engine: Database
  before(async () => {
    server = await crashingPostgres()
    const urls = await server.team([HOLDER, TELLER])
    holder = openDatabase({ url: urls.of('features'), schema: 'features' })
    teller = openDatabase({ url: urls.of('teller'), schema: 'teller' })
    engine = openDatabase({ url: urls.engine, schema: 'mezz' })
  })
  after(async () => {
    await Promise.all([holder.close(), teller.close(), engine.close()])
    await server.close()
  })

  it('a lock of a function holds up no event, also where its name is a topic and the lock a key of it', async () => {
    await functionSql(holder).sql.transaction(async (tx) => {
      await tx.lock('x')

      await teller.transaction(async (query) => {
        await query`set local lock_timeout = '2s'`
        await query`select mezz.emit(${[event('features', 'x')]}::jsonb)`
      })
    })

    assert.deepEqual(await engine.query`select topic, key from outbox`, [{ topic: 'features', key: 'x' }])
  })

  it('a function has its locks one at a time', async () => {
    await functionSql(holder).sql.transaction(async (tx) => {
      await tx.lock('x')

      const second = holder.transaction(async (query) => {
        await query`set local lock_timeout = '100ms'`
        await functionSql({ ...holder, transaction: (work) => work(query) }).sql.transaction((other) => other.lock('x'))
      })

      await assert.rejects(second, { code: 'unavailable', message: /held a lock/ })
    })
  })

  for (const state of ['done', 'dead', 'failed', 'cancelled'] as const) {
    it(`a flow step that is ${state} stays so, whatever is written late`, async () => {
      const records = postgresRecords(engine)

      await records.steps([step(state, state)])
      await records.steps([step(state, 'running')])
      await records.steps([step(state, 'waiting')])

      const flow = await records.flow(`flow-${state}`)
      assert.deepEqual(
        flow?.steps.map((one) => one.state),
        [state],
      )
    })
  }
})

function step(name: string, state: FlowStep['state']): FlowStep {
  return {
    correlationid: `flow-${name}`,
    source: '',
    event: '',
    type: 'gbdt',
    subject: name,
    step: `job/${name}`,
    function: 'train',
    state,
    at: new Date(),
    attempts: 1,
  }
}

function event(topic: string, key: string) {
  return {
    id: '0198c0de-0000-7000-8000-00000000000b',
    type: 'fact.v1',
    topic,
    key,
    subject: key,
    traceparent: '',
    authtype: 'user',
    authid: 'x',
    causationid: 'c',
    correlationid: 'c',
    data: '{}',
  }
}
