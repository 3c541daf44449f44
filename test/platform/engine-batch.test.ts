import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { serve } from '@hono/node-server'
import { PlatformError } from '../../runtime/errors.ts'
import { body, event } from '../../runtime/validate.ts'
import { bare, engine } from '../runtime/bare.ts'
import { eventually } from './eventually.ts'
import type { CrashingPostgres } from './fixture/crashing-postgres.ts'
import { crashingPostgres } from './fixture/crashing-postgres.ts'
import { tell, toyEngine, toyHappened } from './fixture/toy-engine.ts'

describe('a trigger with batches', () => {
  let postgres: CrashingPostgres
  before(async () => {
    postgres = await crashingPostgres()
  })
  after(() => postgres.close())

  it('sends many events at once; each is answered alone, and only what failed is tried again', async () => {
    const { engine: url } = await postgres.team()
    const attempts = new Map<number, number>()
    const batches: number[] = []
    const { app } = bare(
      (routes) =>
        routes.post('/', event(toyHappened), (c) => {
          const { n } = c.req.valid('json')
          const count = (attempts.get(n) ?? 0) + 1
          attempts.set(n, count)
          if (n % 10 === 3 && count === 1) throw new PlatformError('unavailable', 'later', { retryAfter: 0 })
          if (n === 17) throw new PlatformError('unprocessable', `n ${n} cannot be`)
          return c.body(null, 204)
        }),
      { caller: engine },
    )
    const server = serve({
      port: 0,
      hostname: '127.0.0.1',
      async fetch(request: Request) {
        if (request.headers.get('content-type') === 'application/cloudevents-batch+json')
          batches.push(JSON.parse(await request.clone().text()).length)
        return app.fetch(request)
      },
    })
    const port = await eventually('a port', async () => {
      const address = server.address()
      return typeof address === 'object' && address ? address.port : undefined
    })
    const policy = { batch: { most: 25 }, parallel: 2, attempts: 3, backoff: { first: 10, most: 20 } }
    const toy = toyEngine({ url, target: { url: `http://127.0.0.1:${port}/`, policy } })

    await tell(toy.database, { count: 100, keys: 100 })
    await eventually('all', async () => (await toy.engine.status())[0]?.lag === 0 && attempts.size === 100)

    const dead = await toy.deadLetters.list({}, { limit: 9 })
    assert.deepEqual(
      dead.map(({ error }) => [error.status, error.code, error.message]),
      [[422, 'unprocessable', 'n 17 cannot be']],
    )
    const again = [...attempts].filter(([, count]) => count > 1).map(([n]) => n)
    assert.deepEqual(
      again.sort((a, b) => a - b),
      [3, 13, 23, 33, 43, 53, 63, 73, 83, 93],
    )
    assert.ok(batches.length < 30, `${batches.length} requests for 100 events`)
    assert.ok(Math.max(...batches) > 5 && Math.max(...batches) <= 25, `batches of ${batches}`)
    await toy.close()
    server.close()
  })
})

describe('a function', () => {
  const { ask } = bare((routes) => routes.post('/', event(toyHappened), (c) => c.body(null, 204)), { caller: engine })
  const batch = (events: unknown) =>
    ask('/', {
      method: 'POST',
      headers: { 'Content-Type': 'application/cloudevents-batch+json; charset=utf-8' },
      body: JSON.stringify(events),
    })
  const one = { specversion: '1.0', id: 'a', source: '/x/y', type: toyHappened.type, data: { n: 1, key: 'k' } }

  it('answers each event of a batch in its order, with what was wrong with it', async () => {
    const { status, body: said } = await batch([
      one,
      { ...one, id: 'b', data: { n: 'no', key: 'k' } },
      { ...one, id: 'ü' },
    ])

    assert.equal(status, 200)
    assert.partialDeepStrictEqual(said, {
      items: [
        { id: 'a', status: 204 },
        { id: 'b', status: 400, code: 'invalid_input' },
        { id: 'ü', status: 204 },
      ],
    })
  })

  it('refuses what is no batch, and one from anybody but the engine', async () => {
    const others = bare((routes) => routes.post('/', body(toyHappened.data), (c) => c.body(null, 204)))
    const headers = { 'Content-Type': 'application/cloudevents-batch+json' }

    assert.equal((await batch({ ...one })).short, '400 invalid_input /')
    assert.equal((await batch([{ ...one, specversion: '0.3' }])).short, '400 invalid_input /0/specversion')
    assert.equal((await batch([])).status, 200)
    assert.equal((await others.ask('/', { method: 'POST', headers, body: '[]' })).short, '401 unauthenticated')
  })
})
