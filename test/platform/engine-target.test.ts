import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { eventually } from './eventually.ts'
import type { CrashingPostgres } from './fixture/crashing-postgres.ts'
import { crashingPostgres } from './fixture/crashing-postgres.ts'
import type { ToyPolicy } from './fixture/toy-engine.ts'
import { deadLetters, leftOver, tell, toyEngine } from './fixture/toy-engine.ts'
import type { Arrived, Reply } from './fixture/toy-target.ts'
import { toyTarget } from './fixture/toy-target.ts'

const POLICY: ToyPolicy = { attempts: 3, backoff: { first: 10, most: 20 } }

describe('a target', () => {
  let postgres: CrashingPostgres
  before(async () => {
    postgres = await crashingPostgres()
  })
  after(() => postgres.close())

  async function setup(reply: (event: Arrived) => Reply, policy = POLICY) {
    const { engine: url } = await postgres.team()
    const target = await toyTarget(reply)
    const toy = toyEngine({ url, target: { url: target.url, policy } })
    return {
      ...toy,
      target,
      tell: (count: number, keys = count) => tell(toy.database, { count, keys }),
      dead: () => deadLetters(toy.database),
      async close() {
        await toy.close()
        await target.close()
      },
    }
  }

  it('that answers 401 stops its trigger with the reason, no event dies of it, and resume goes on', async () => {
    let isRefusing = true
    const toy = await setup(() => ({ status: isRefusing ? 401 : 204 }))
    const ids = await toy.tell(40, 10)

    const stopped = await eventually('a stopped trigger', async () => {
      const [status] = await toy.engine.status()
      return status?.state === 'stopped' && status.inFlight === 0 && status
    })
    const arrived = toy.target.arrivals.length
    const dead = await toy.dead()
    isRefusing = false
    await toy.states.set('toy', 'running', null)
    await eventually('all are handled', async () => toy.target.effects.length === ids.length)
    const [going] = await toy.engine.status()

    assert.match(stopped.reason ?? '', /^toy refuses the engine \(401/)
    assert.ok(arrived < ids.length)
    assert.deepEqual(dead, [])
    assert.equal(going?.state, 'running')
    assert.deepEqual(await toy.dead(), [])
    await toy.close()
  })

  it('that answers 401 and whose trigger is then paused by hand stays paused when functions change', async () => {
    const toy = await setup(() => ({ status: 401 }))
    await toy.tell(1)
    await eventually('a stopped trigger', async () => (await toy.engine.status())[0]?.state === 'stopped')
    await toy.states.set('toy', 'paused', 'while its key is changed')
    await eventually('a paused trigger', async () => (await toy.engine.status())[0]?.state === 'paused')

    toy.engine.changed()

    const [status] = await toy.engine.status()
    assert.deepEqual([status?.state, status?.reason], ['paused', 'while its key is changed'])
    await toy.close()
  })

  it('that answers 404, 429 or 503 is asked again, no sooner than it said', async () => {
    const arrivals = new Map<number, number[]>()
    const statuses = [404, 429, 503]
    const toy = await setup(({ n, times }) => {
      arrivals.set(n, [...(arrivals.get(n) ?? []), Date.now()])
      const status = times === 1 ? (statuses[n] ?? 500) : 204
      return { status, headers: status === 429 ? { 'Retry-After': '1' } : {} }
    })

    const ids = await toy.tell(3)

    await eventually('all are handled', async () => toy.target.effects.length === ids.length)
    const [begun = 0, again = 0] = arrivals.get(1) ?? []
    assert.ok(again - begun >= 990, `asked again after ${again - begun} ms`)
    assert.equal(toy.target.arrivals.length, 6)
    assert.deepEqual(await toy.dead(), [])
    await toy.close()
  })

  it('that answers 400 or 302 buries the event at once; later events of its key go on', async () => {
    const toy = await setup(({ n }) => ({ status: [400, 302][n] ?? 204 }))

    const ids = await toy.tell(4, 2)

    await eventually(
      'all have their end',
      async () => toy.target.effects.length === 2 && (await toy.dead()).length === 2,
    )
    const dead = await toy.dead()
    assert.deepEqual(dead.map(({ id }) => id).toSorted(), ids.slice(0, 2).toSorted())
    assert.deepEqual(dead.map(({ status }) => status).toSorted(), [302, 400])
    assert.ok(dead.every(({ attempts }) => attempts === 1))
    assert.equal(await leftOver(toy.database), 0)
    await toy.close()
  })

  for (const order of ['key', 'none'] as const) {
    it(`that fails one event again and again holds up ${order === 'key' ? 'its key alone' : 'no other'} (order: ${order})`, async () => {
      const toy = await setup(({ n }) => ({ status: n === 0 ? 500 : 204 }), { ...POLICY, order, attempts: 5 })
      const ended: string[] = []
      const ids = await toy.tell(40, 8)

      const [letter] = await eventually('a dead letter', async () => {
        const dead = await toy.dead()
        return dead.length > 0 && dead
      })
      await eventually('all others are handled', async () => toy.target.effects.length === ids.length - 1)
      for (const { key, n } of toy.target.arrivals) if (key === 'key-0') ended.push(`${n}`)

      assert.equal(letter?.attempts, 5)
      const [lastOfPoison, firstBehind] = [ended.lastIndexOf('0'), ended.findIndex((n) => n !== '0')]
      if (order === 'key') assert.ok(lastOfPoison < firstBehind, ended.join(' '))
      else assert.ok(firstBehind < lastOfPoison, ended.join(' '))
      const before = toy.target.arrivals.findLastIndex(({ n }) => n === 0)
      const others = toy.target.arrivals.slice(0, before).filter(({ key }) => key !== 'key-0')
      assert.equal(others.length, 35, 'other keys were done before the poison was dead')
      await toy.close()
    })
  }
})
