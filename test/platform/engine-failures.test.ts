import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { openDatabase } from '../../runtime/adapters/postgres.ts'
import { postgresTopics } from '../../runtime/adapters/postgres-topics.ts'
import type { Topics } from '../../runtime/topics.ts'
import type { NamedTrigger } from '../../triggers/engine/trigger.ts'
import { eventually } from './eventually.ts'
import type { CrashingPostgres } from './fixture/crashing-postgres.ts'
import { crashingPostgres } from './fixture/crashing-postgres.ts'
import type { ToyPolicy } from './fixture/toy-engine.ts'
import { leftOver, tell, toyEngine } from './fixture/toy-engine.ts'
import type { Arrived, Reply } from './fixture/toy-target.ts'
import { toyTarget } from './fixture/toy-target.ts'

const QUICK: ToyPolicy = {
  attempts: 2,
  backoff: { first: 10, most: 20 },
  budget: { share: 1, within: 60, least: 1000 },
}

describe('an engine whose events cannot be handled', () => {
  let postgres: CrashingPostgres
  before(async () => {
    postgres = await crashingPostgres()
  })
  after(() => postgres.close())

  async function setup(reply: (event: Arrived) => Reply, policy: ToyPolicy = QUICK) {
    const { engine: url } = await postgres.team()
    const target = await toyTarget(reply)
    let toy = toyEngine({ url, target: { url: target.url, policy } })
    return {
      get toy() {
        return toy
      },
      target,
      async restart() {
        await toy.close()
        toy = toyEngine({ url, target: { url: target.url, policy } })
      },
      async status() {
        const [status] = await toy.engine.status()
        return status
      },
      async close() {
        await toy.close()
        await target.close()
      },
    }
  }

  it('groups them by what they died of, and delivers a group again once it can be handled, each effect once', async () => {
    let isBroken = true
    const bench = await setup(({ n }) => ({ status: !isBroken || n >= 30 ? 204 : n % 3 === 0 ? 422 : 400 }))
    const { deadLetters } = bench.toy
    await tell(bench.toy.database, { count: 40, keys: 4 })
    await eventually('30 dead letters', async () => (await deadLetters.list({}, { limit: 100 })).length === 30)

    const groups = await deadLetters.groups()
    const unprocessable = groups.find(({ error }) => error.status === 422)
    isBroken = false
    const asked = await deadLetters.redrive({ fingerprint: unprocessable?.fingerprint }, {})
    await eventually('20 dead letters', async () => (await deadLetters.list({}, { limit: 100 })).length === 20)
    const [one] = await deadLetters.list({}, { limit: 1 })
    await deadLetters.redrive({ id: one?.id }, {})
    await deadLetters.redrive({ trigger: 'toy' }, {})
    await eventually('no dead letter', async () => (await deadLetters.list({}, { limit: 1 })).length === 0)

    assert.deepEqual(groups.map(({ count, trigger }) => [count, trigger]).sort(), [
      [10, 'toy'],
      [20, 'toy'],
    ])
    assert.equal(asked, 10)
    assert.equal(bench.target.effects.length, 40)
    assert.equal(new Set(bench.target.effects.map(({ id }) => id)).size, 40)
    await bench.close()
  })

  it('keeps a dead letter whose redrive fails, with the new error, and takes a redrive up again after a crash', async () => {
    let status = 400
    const bench = await setup(() => ({ status }))
    await tell(bench.toy.database, { count: 1, keys: 1 })
    const [letter] = await eventually('a dead letter', async () => {
      const found = await bench.toy.deadLetters.list({}, { limit: 1 })
      return found.length > 0 && found
    })
    assert.ok(letter)
    status = 503
    await bench.toy.deadLetters.redrive({ id: letter.id }, {})
    const failed = await eventually('the failed redrive', async () => {
      const found = await bench.toy.deadLetters.find(letter.id)
      return found?.redriveAt === null && found.error.status === 503 && found
    })

    status = 204
    await bench.restart()
    await bench.toy.deadLetters.redrive({ id: letter.id }, {})
    await eventually('its effect', async () => bench.target.effects.length === 1)

    assert.equal(failed.attempts, 3)
    assert.notEqual(failed.fingerprint, letter.fingerprint)
    await eventually('no dead letter', async () => (await bench.toy.deadLetters.find(letter.id)) === null)
    await bench.close()
  })

  it('spreads a redrive over time where a rate is asked for', async () => {
    let isBroken = true
    const bench = await setup(() => ({ status: isBroken ? 400 : 204 }))
    await tell(bench.toy.database, { count: 5, keys: 5 })
    await eventually('5 dead letters', async () => (await bench.toy.deadLetters.list({}, { limit: 9 })).length === 5)
    isBroken = false

    const begun = performance.now()
    await bench.toy.deadLetters.redrive({ trigger: 'toy' }, { rate: 10 })
    await eventually('5 effects', async () => bench.target.effects.length === 5)

    assert.ok(performance.now() - begun >= 390, 'the fifth comes no sooner than after 400 ms')
    await bench.close()
  })

  it('stops before a topic is poured away, loses nothing of it, and goes on when it is told to', async () => {
    let isBroken = true
    const budget = { share: 0.5, within: 60, least: 5 }
    const bench = await setup(() => ({ status: isBroken ? 400 : 204 }), { ...QUICK, budget, parallel: 4 })
    await tell(bench.toy.database, { count: 100, keys: 20 })

    const stopped = await eventually('a stopped trigger', async () => {
      const status = await bench.status()
      return status?.state === 'stopped' && status.inFlight === 0 && status
    })
    const dead = (await bench.toy.deadLetters.list({}, { limit: 1000 })).length
    await eventually(
      'its stop in the store',
      async () => (await bench.toy.states.all()).get('toy')?.state === 'stopped',
    )
    await bench.restart()
    const again = await eventually('the restarted trigger', async () => {
      const status = await bench.status()
      return status !== undefined && status.lag > 0 && status
    })
    const arrivals = bench.target.arrivals.length
    isBroken = false
    await bench.toy.states.set('toy', 'running', null)
    await eventually('the others', async () => bench.target.effects.length === 100 - dead)

    assert.match(stopped.reason ?? '', /too many of its events cannot be handled/)
    assert.equal(dead, 5)
    assert.equal(again.state, 'stopped')
    assert.equal(arrivals, bench.target.arrivals.length - (100 - dead), 'nothing came while it was stopped')
    assert.equal(await leftOver(bench.toy.database), 0)
    await bench.close()
  })

  it('stops after the first dead letter where its trigger says so, also over a crash', async () => {
    const bench = await setup(({ n }) => ({ status: n === 2 ? 400 : 204 }), {
      ...QUICK,
      afterDeadLetter: 'stop',
      parallel: 1,
    })
    await tell(bench.toy.database, { count: 6, keys: 1 })
    await eventually('a stopped trigger', async () => (await bench.status())?.state === 'stopped')
    const effects = bench.target.effects.length

    await bench.restart()
    await eventually('a lag', async () => (await bench.status())?.lag === 3)
    const [row] = await bench.toy.database.query<{ state: string }>`select state from triggers where name = 'toy'`
    await bench.toy.states.set('toy', 'running', null)
    await eventually('the rest', async () => bench.target.effects.length === 5)

    assert.equal(effects, 2)
    assert.equal(row?.state, 'stopped')
    await bench.close()
  })

  it('delivers nothing while its trigger is paused, also after a restart, and all of it then', async () => {
    const bench = await setup(() => ({ status: 204 }))
    await bench.toy.states.set('toy', 'paused', 'while the disk is changed')
    await eventually('a paused trigger', async () => (await bench.status())?.state === 'paused')
    await tell(bench.toy.database, { count: 10, keys: 5 })
    await eventually('its lag', async () => (await bench.status())?.lag === 10)

    await bench.restart()
    const status = await eventually('its lag again', async () => {
      const found = await bench.status()
      return found?.lag === 10 && found
    })
    const before = bench.target.arrivals.length
    await bench.toy.states.set('toy', 'running', null)
    await eventually('all', async () => bench.target.effects.length === 10)

    assert.deepEqual([before, status.state, status.reason], [0, 'paused', 'while the disk is changed'])
    await bench.close()
  })

  it('buries without an attempt what is older than its trigger delivers', async () => {
    const bench = await setup(() => ({ status: 204 }), { ...QUICK, maxAge: 3600 })
    await bench.toy.states.set('toy', 'paused', 'until they are told')
    await eventually('a paused trigger', async () => (await bench.status())?.state === 'paused')
    await tell(bench.toy.database, { count: 3, keys: 1 })
    await eventually('the log', async () => (await leftOver(bench.toy.database)) === 0)
    await bench.toy.database.query`
      update log set headers = headers || '{"ce_time": "2020-01-01T00:00:00.000Z"}' where value::jsonb->>'n' = '1'`

    await bench.toy.states.set('toy', 'running', null)
    await eventually('two effects', async () => bench.target.effects.length === 2)

    const [letter, ...more] = await bench.toy.deadLetters.list({}, { limit: 10 })
    assert.deepEqual([letter?.error.code, letter?.attempts, more.length], ['too_old', 0, 0])
    assert.deepEqual(
      bench.target.arrivals.map(({ n }) => n),
      [0, 2],
    )
    await bench.close()
  })

  it('tells of each time of a schedule once, of those that it missed the last alone, whatever the clock does', async () => {
    const { engine: url } = await postgres.team()
    let clock = Date.parse('2026-03-01T02:59:30Z')
    const schedule: NamedTrigger = {
      name: 'nightly-to-toy',
      definition: { on: { cron: '0 3 * * *', zone: 'UTC' }, deliver: { to: 'toy', path: '/' } },
    }
    // By its id: a delivery may be repeated when an engine ends, an event is not.
    const told = new Map<string, string>()
    const open = (member: string) =>
      toyEngine({
        url,
        member,
        more: {
          clock: () => clock,
          triggers: () => [schedule],
          async deliver(_, { headers, value }) {
            told.set(String(headers['ce_id']), JSON.parse(value).at)
            return { outcome: { status: 204, code: 'ok', message: '' }, process: undefined, coldStartMs: undefined }
          },
        },
      })
    const one = open('one')
    const { database } = one
    let toys = [one, open('two')]
    await eventually('the first look', async () => (await database.query`select 1 from schedules`).length === 1)

    clock = Date.parse('2026-03-01T03:00:01Z')
    await eventually('the first time', async () => told.size === 1)
    clock = Date.parse('2026-03-01T02:00:00Z')
    for (const toy of toys) await toy.close()
    clock = Date.parse('2026-03-05T12:00:00Z')
    toys = [open('one'), open('two')]
    await eventually('the time that was missed last', async () => told.size === 2)
    clock = Date.parse('2026-03-06T03:00:00Z')
    await eventually('the next', async () => told.size === 3)

    const { database: after } = toys[0] ?? assert.fail('no engine')
    assert.deepEqual(await after.query`select 1 from flow_events union all select 1 from flow_steps`, [])
    assert.deepEqual(
      [...told.values()],
      ['2026-03-01T03:00:00.000Z', '2026-03-05T03:00:00.000Z', '2026-03-06T03:00:00.000Z'],
    )
    for (const toy of toys) await toy.close()
  })

  it('says so when it stands still although there is work', async () => {
    const { engine: url } = await postgres.team()
    const database = openDatabase({ url, schema: 'mezz' })
    const topics = postgresTopics(database, { member: 'deaf' })
    const deaf: Topics = {
      ...topics,
      join: (group, names, listener) =>
        topics.join(group, names, {
          ...listener,
          assigned: (one) => listener.assigned({ ...one, read: () => new Promise(() => undefined) }),
        }),
    }
    const target = await toyTarget(() => ({ status: 204 }))
    const stall = { look: 50, patience: 300 }
    const toy = toyEngine({ url, target: { url: target.url, policy: QUICK }, topics: deaf, more: { stall } })
    await tell(toy.database, { count: 2, keys: 1 })

    const status = await eventually('the alarm', async () => {
      const [found] = await toy.engine.status()
      return found?.reason !== undefined && found
    })

    assert.equal(status.state, 'running')
    assert.match(status.reason ?? '', /^it stalls: it is 2 events behind, and nothing has moved for/)
    assert.equal(toy.told.filter((line) => /toy stalls/.test(line)).length, 1)
    await toy.close()
    await target.close()
    await database.close()
  })
})
