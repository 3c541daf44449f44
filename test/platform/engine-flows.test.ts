import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import * as z from 'zod'
import { postgresOutbox } from '../../runtime/adapters/postgres-outbox.ts'
import { postgresRecords } from '../../runtime/adapters/postgres-records.ts'
import { requestContext } from '../../runtime/context.ts'
import { developerOf } from '../../runtime/identity.ts'
import { createEngineApp } from '../../triggers/engine/app.ts'
import { eventually } from './eventually.ts'
import type { CrashingPostgres } from './fixture/crashing-postgres.ts'
import { crashingPostgres } from './fixture/crashing-postgres.ts'
import { tell, toyEngine, toyHappened } from './fixture/toy-engine.ts'
import type { Arrived, Reply } from './fixture/toy-target.ts'
import { toyTarget } from './fixture/toy-target.ts'

const Body = z.object({
  code: z.string().optional(),
  errors: z.array(z.object({ pointer: z.string() })).optional(),
  redriven: z.number().optional(),
  event: z.string().optional(),
  state: z.string().optional(),
  steps: z.array(z.object({ state: z.string() })).default([]),
})

describe('a flow run', () => {
  let postgres: CrashingPostgres
  before(async () => {
    postgres = await crashingPostgres()
  })
  after(() => postgres.close())

  async function setup(reply: (event: Arrived) => Reply) {
    const { engine: url } = await postgres.team()
    const target = await toyTarget(reply)
    const policy = { attempts: 3, backoff: { first: 200, most: 400 } }
    const toy = toyEngine({ url, target: { url: target.url, policy } })
    const app = createEngineApp({
      ...toy,
      team: 'toys',
      outbox: postgresOutbox(toy.database),
      records: postgresRecords(toy.database),
      async authenticate(_c, next) {
        const context = requestContext.getStore()
        if (context) context.caller = developerOf('toys')
        await next()
      },
      triggers: () => [{ name: 'toy', definition: { on: toyHappened, deliver: { to: 'toy', path: '/' } } }],
      status: async () => ({}),
      metrics: async () => [],
      usage: async () => [],
      logs: () => [],
    })
    async function ask(method: string, path: string, body?: unknown) {
      const init = { method, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) ?? null }
      const response = await app.request(`/_mezz${path}`, method === 'GET' ? {} : init)
      return { status: response.status, body: Body.parse(await response.json()) }
    }
    return {
      ...toy,
      target,
      ask,
      flow: async (id: string) => (await ask('GET', `/flows/${id}`)).body,
      async close() {
        await toy.close()
        await target.close()
      },
    }
  }

  it('that is cancelled is delivered no more, while others go on, and stands there as cancelled', async () => {
    const bench = await setup(({ n }) => ({ status: n === 0 ? 503 : 204 }))
    const [id = ''] = await tell(bench.database, { count: 1, keys: 1 })
    await eventually('a first attempt', async () => bench.target.arrivals.length === 1)

    const cancelled = await bench.ask('POST', `/flows/${id}/cancel`)
    await tell(bench.database, { count: 1, keys: 1, first: 1 })
    await eventually('another flow run of its key', async () => bench.target.effects.length === 1)

    assert.equal(cancelled.status, 202)
    assert.ok(bench.target.arrivals.filter(({ n }) => n === 0).length <= 2)
    const flow = await eventually('its end', async () => {
      const found = await bench.flow(id)
      return found.state === 'cancelled' && found
    })
    assert.deepEqual(
      flow.steps.map(({ state }) => state),
      ['cancelled'],
    )
    assert.deepEqual(await bench.deadLetters.list({}, { limit: 1 }), [])
    await bench.close()
  })

  it('whose event is dead is delivered again, as it was or with other data', async () => {
    let isBroken = true
    const bench = await setup(({ n }) => ({ status: isBroken || n === 7 ? 422 : 204 }))
    const [one = ''] = await tell(bench.database, { count: 1, keys: 1, first: 5 })
    const [two = ''] = await tell(bench.database, { count: 1, keys: 1, first: 7 })
    await eventually('two dead letters', async () => (await bench.deadLetters.list({}, { limit: 9 })).length === 2)
    isBroken = false

    const again = await bench.ask('POST', `/flows/${one}/redrive`, {})
    await eventually('its effect', async () => bench.target.effects.length === 1)
    const wrong = await bench.ask('POST', `/flows/${two}/redrive`, { data: { n: 'eight', key: 'k' } })
    const edited = await bench.ask('POST', `/flows/${two}/redrive`, { from: 'toy', data: { n: 8, key: 'k' } })
    await eventually('the effect of the new event', async () => bench.target.effects.length === 2)
    const nothing = await bench.ask('POST', `/flows/${two}/redrive`, {})

    assert.deepEqual([again.status, again.body.redriven], [202, 1])
    assert.deepEqual([wrong.status, wrong.body.errors?.[0]?.pointer], [400, '/n'])
    assert.equal(edited.status, 202)
    assert.deepEqual([nothing.status, nothing.body.code], [409, 'conflict'])
    assert.deepEqual(
      bench.target.effects.map(({ id, n }) => [id, n]),
      [
        [one, 5],
        [edited.body.event, 8],
      ],
    )
    const steps = await eventually('both events of the second run', async () => {
      const { steps } = await bench.flow(two)
      return steps.length === 2 && steps.every(({ state }) => state !== 'waiting') && steps
    })
    assert.deepEqual(
      steps.map(({ state }) => state),
      ['dead', 'done'],
    )
    const [{ causationid } = { causationid: '' }] = await bench.database.query<{ causationid: string }>`
      select causationid from flow_events where id = ${edited.body.event ?? ''}`
    assert.equal(causationid, two)
    await bench.close()
  })

  it('that is not there is 404, also by a name that no database could hold', async () => {
    const bench = await setup(() => ({ status: 204 }))

    for (const id of ['nobody', '%00', 'x'.repeat(300)]) {
      assert.equal((await bench.ask('GET', `/flows/${id}`)).status, 404, id)
      assert.equal((await bench.ask('POST', `/flows/${id}/cancel`)).status, 404, id)
    }
    await bench.close()
  })
})
