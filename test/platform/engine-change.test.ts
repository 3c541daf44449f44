import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import * as z from 'zod'
import { postgresOutbox } from '../../runtime/adapters/postgres-outbox.ts'
import { defineEvent } from '../../runtime/event.ts'
import { uuidv7 } from '../../runtime/uuid.ts'
import type { NamedTrigger } from '../../triggers/engine/trigger.ts'
import { eventually } from './eventually.ts'
import type { CrashingPostgres } from './fixture/crashing-postgres.ts'
import { crashingPostgres } from './fixture/crashing-postgres.ts'
import { leftOver, tell, toyEngine, toyHappened } from './fixture/toy-engine.ts'
import type { ToyTarget } from './fixture/toy-target.ts'
import { toyTarget } from './fixture/toy-target.ts'

const news = defineEvent({ type: 'news.failed.v1', topic: 'news', data: z.object({}), key: () => 'k' })

describe('an engine whose functions change', () => {
  let postgres: CrashingPostgres
  let target: ToyTarget
  let hold: Promise<void> = Promise.resolve()
  before(async () => {
    postgres = await crashingPostgres()
    target = await toyTarget(() => ({ status: 204 }))
  })
  after(async () => {
    await target.close()
    await postgres.close()
  })

  async function setup() {
    const { engine: url } = await postgres.team()
    const topics: string[] = [toyHappened.topic]
    const triggers: NamedTrigger[] = [
      { name: 'toy', definition: { on: toyHappened, deliver: { to: 'toy', path: '/' } } },
    ]
    const delivered: string[] = []
    const toy = toyEngine({
      url,
      more: {
        told: () => topics,
        triggers: () => triggers,
        async deliver({ name }) {
          delivered.push(name)
          if (name === 'slow') await hold
          return { outcome: { status: 204, code: 'ok', message: '' }, process: undefined, coldStartMs: undefined }
        },
      },
    })
    return { ...toy, topics, triggers, delivered }
  }
  const told = (data: string) => ({
    id: uuidv7(),
    source: '/toys/test',
    type: news.type,
    partitionkey: 'k',
    subject: 'k',
    traceparent: '',
    authtype: 'user',
    authid: 'toys/test',
    causationid: 'c',
    correlationid: 'c',
    data,
  })

  it('brings events to a topic that came later and that no trigger reads, and all others meanwhile', async () => {
    const toy = await setup()
    await tell(toy.database, { count: 1, keys: 1 })
    await eventually('the first event', async () => toy.delivered.length === 1)
    await postgresOutbox(toy.database).post('news', told('{}'))
    await tell(toy.database, { count: 1, keys: 1, first: 1 })
    await eventually('an event beside one whose topic is missing', async () => toy.delivered.length === 2)

    toy.topics.push('news')
    toy.engine.changed()

    await eventually('an empty outbox', async () => (await leftOver(toy.database)) === 0)
    const rows = await toy.database.query`select 1 from log where topic = 'news'`
    assert.equal(rows.length, 1)
    await toy.close()
  })

  it('keeps what a failure says, whatever characters it has', async () => {
    const toy = await setup()
    toy.topics.push('news')
    toy.engine.changed()

    await postgresOutbox(toy.database).post('news', told(JSON.stringify({ error: 'a\0b \ud800 c' })))

    const failure = await eventually('its record', async () => {
      const [row] = await toy.database.query<{
        failure: string
      }>`select failure from flow_events where type = ${news.type}`
      return row?.failure
    })
    assert.equal(failure, 'a\ufffdb \ufffd c')
    await eventually('an empty outbox', async () => (await leftOver(toy.database)) === 0)
    await toy.close()
  })

  it('goes on delivering by a trigger that stays while another ends its last delivery, and takes up the new form of that then', async () => {
    const toy = await setup()
    const release = Promise.withResolvers<void>()
    hold = release.promise
    const slow = { name: 'slow', definition: { on: toyHappened, deliver: { to: 'slow', path: '/' } } }
    toy.triggers.push(slow)
    toy.engine.changed()
    await tell(toy.database, { count: 1, keys: 1 })
    await eventually('both deliveries', async () => toy.delivered.length === 2)

    toy.triggers[1] = { ...slow, definition: { ...slow.definition, parallel: 2 } }
    toy.engine.changed()
    await tell(toy.database, { count: 1, keys: 1, first: 1 })

    await eventually('a delivery meanwhile', async () => toy.delivered.filter((name) => name === 'toy').length === 2)
    assert.equal(toy.delivered.filter((name) => name === 'slow').length, 1)
    release.resolve()
    await eventually('the new form', async () => toy.delivered.filter((name) => name === 'slow').length === 2)
    await toy.close()
  })
})
