import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { eventually } from './eventually.ts'
import type { CrashingPostgres } from './fixture/crashing-postgres.ts'
import { crashingPostgres } from './fixture/crashing-postgres.ts'
import { deadLetters, leftOver, tell, toyEngine } from './fixture/toy-engine.ts'
import type { Arrived, ToyTarget } from './fixture/toy-target.ts'
import { toyTarget } from './fixture/toy-target.ts'

const EVENTS = 500
const POLICY = { attempts: 5, backoff: { first: 10, most: 50 }, parallel: 4 }

describe('the engine', () => {
  let postgres: CrashingPostgres
  let target: ToyTarget
  before(async () => {
    postgres = await crashingPostgres()
  })
  after(() => postgres.close())

  it('goes on by itself when PostgreSQL is killed in the middle of its events: none is lost, none has two effects', async (t) => {
    target = await toyTarget(() => ({ status: 204, after: 5 }))
    const { engine: url } = await postgres.team()
    const toy = toyEngine({ url, target: { url: target.url, policy: POLICY } })
    t.after(async () => {
      await toy.close()
      await target.close()
    })
    const ids = await tell(toy.database, { count: EVENTS, keys: 20 })
    await eventually('some effects', async () => target.effects.length > EVENTS / 5)

    let atOutage = 0
    await postgres.outage(async () => {
      atOutage = target.effects.length
    })
    await eventually('all effects', async () => target.effects.length >= EVENTS)
    await eventually('nothing left over', async () => (await leftOver(toy.database)) === 0)

    assert.ok(atOutage < EVENTS)
    assert.deepEqual(target.effects.map(({ id }) => id).toSorted(), ids.toSorted())
    inOrder(target.effects)
    assert.deepEqual(await deadLetters(toy.database), [])
  })

  it('works beside another, and alone when the other has closed: each event has one effect', async () => {
    target = await toyTarget(() => ({ status: 204 }))
    const { engine: url } = await postgres.team()
    const engines = ['a', 'b'].map((member) => toyEngine({ url, member, target: { url: target.url, policy: POLICY } }))
    const [a = assert.fail(), b = assert.fail()] = engines
    const ids = await tell(a.database, { count: EVENTS, keys: 40 })
    await eventually('all effects', async () => target.effects.length >= EVENTS)
    await eventually('nothing left over', async () => (await leftOver(b.database)) === 0)

    assert.deepEqual(target.effects.map(({ id }) => id).toSorted(), ids.toSorted())
    inOrder(target.effects)
    await a.close()
    const more = await tell(b.database, { count: 40, keys: 40, first: EVENTS })
    await eventually('the other goes on alone', async () => target.effects.length >= EVENTS + more.length)
    await b.close()
    await target.close()
  })
})

function inOrder(effects: readonly Arrived[]): void {
  for (const [key, some] of Map.groupBy(effects, (event) => event.key)) {
    const ns = some.map(({ n }) => n)
    assert.deepEqual(
      ns,
      ns.toSorted((a, b) => a - b),
      key,
    )
  }
}
