import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as z from 'zod'
import type { IncomingEvent } from '../../runtime/context.ts'
import { defineEvent } from '../../runtime/event.ts'
import { body, event, nameParam, Page, query } from '../../runtime/validate.ts'
import { bare, engine } from './bare.ts'

const MIB = 1024 * 1024
const Thing = z.strictObject({ name: z.string().min(1), 'a/b~c': z.array(z.int()).optional() })
const thingSeen = defineEvent({ type: 'thing.seen.v1', topic: 'things', data: Thing, key: ({ name }) => name })

const { ask, post } = bare((routes) =>
  routes
    .post('/things', body(Thing), (c) => c.json(c.req.valid('json')))
    .post('/any', body(z.record(z.string(), z.unknown())), (c) => c.json(Object.keys(c.req.valid('json'))))
    .get('/things', query(Page), (c) => c.json(c.req.valid('query')))
    .get('/things/:name', (c) => c.json(nameParam(c, 'name'))),
)

describe('a body', () => {
  it('arrives as its schema says', async () => {
    assert.deepEqual((await post('/things', { name: 'x' })).body, { name: 'x' })
  })

  for (const [what, sent, expected] of [
    ['nothing', '', '400 invalid_input '],
    ['what is no JSON', '{"name":', '400 invalid_input '],
    ['two values', '{}{}', '400 invalid_input '],
    ['another type', '[]', '400 invalid_input '],
    ['null', 'null', '400 invalid_input '],
    ['a missing field', '{}', '400 invalid_input /name'],
    ['a wrong field', '{"name":1}', '400 invalid_input /name'],
    ['an unknown field', '{"name":"x","more":1}', '400 invalid_input /more'],
    ['a wrong item below a strange name', '{"name":"x","a/b~c":[1,2.5]}', '400 invalid_input /a~1b~0c/1'],
    ['two faults', '{"name":"","more":1}', '400 invalid_input /name /more'],
    ['a prototype', '{"name":"x","__proto__":{"admin":true}}', '400 invalid_input /__proto__'],
  ] as const) {
    it(`answers ${expected} to ${what}`, async () => assert.equal((await post('/things', sent)).short, expected))
  }

  it('cannot reach a prototype by a name that any field may have', async () => {
    await post('/any', '{"__proto__":{"admin":true},"constructor":{"prototype":{"admin":true}}}')

    assert.equal(Reflect.get({}, 'admin'), undefined)
  })

  it('answers 400 to JSON that is nested beyond any use, and takes brackets in strings', async () => {
    assert.equal((await post('/any', `{"a":${'['.repeat(1e5)}${']'.repeat(1e5)}}`)).short, '400 invalid_input ')
    assert.equal((await post('/any', { a: '\\"['.repeat(1e3) })).status, 200)
  })

  it('answers 400 to bytes that are not UTF-8, and joins characters over chunks', async () => {
    const send = (...chunks: readonly (readonly number[])[]) =>
      ask('/things', {
        method: 'POST',
        body: ReadableStream.from(chunks.map((chunk) => Uint8Array.from(chunk))),
        duplex: 'half',
        headers: { 'Content-Type': 'application/json' },
      } as RequestInit) // `duplex` is missing in the DOM's type
    const before = [...Buffer.from('{"name":"')]
    const after = [...Buffer.from('"}')]

    assert.equal((await send(before, [0xff], after)).short, '400 invalid_input ')
    assert.equal((await send(before, [0xe4, 0xb8])).short, '400 invalid_input ')
    assert.deepEqual((await send(before, [0xe4, 0xb8], [0xad], after)).body, { name: '中' })
  })

  for (const [type, expected] of [
    ['text/plain', '415 unsupported_media_type'],
    ['application/jsonp', '415 unsupported_media_type'],
    ['', '415 unsupported_media_type'],
    ['Application/JSON; charset=utf-8', '200'],
    ['application/merge-patch+json', '200'],
  ] as const) {
    it(`answers ${expected} to the media type ${JSON.stringify(type)}`, async () => {
      const answer = await ask('/things', { method: 'POST', body: '{"name":"x"}', headers: { 'Content-Type': type } })

      assert.equal(answer.short, expected)
    })
  }

  it('answers 413 to a length that is too large, unread', async () => {
    const { stream, read } = endless()

    const { short } = await ask('/things', {
      method: 'POST',
      body: stream,
      duplex: 'half',
      headers: { 'Content-Type': 'application/json', 'Content-Length': String(17 * MIB) },
    } as RequestInit) // `duplex` is missing in the DOM's type

    assert.equal(short, '413 too_large')
    assert.ok(read() <= MIB)
  })

  it('stops reading at the limit when no length is given', async () => {
    const { stream, read } = endless()

    const { short } = await ask('/things', {
      method: 'POST',
      body: stream,
      duplex: 'half',
      headers: { 'Content-Type': 'application/json' },
    } as RequestInit) // `duplex` is missing in the DOM's type

    assert.equal(short, '413 too_large')
    assert.ok(read() <= 18 * MIB, `${read()} bytes were read`)
  })
})

describe('a query', () => {
  it('arrives as its schema says, with defaults', async () => {
    assert.deepEqual((await ask('/things')).body, { limit: 100 })
    assert.deepEqual((await ask('/things?limit=5&after=a%20b+c')).body, { limit: 5, after: 'a b c' })
  })

  for (const [search, expected] of [
    ['limit=0', '/limit'],
    ['limit=1001', '/limit'],
    ['limit=ten', '/limit'],
    ['limit=1.5', '/limit'],
    ['page=2', '/page'],
    ['limit=1&limit=2', '/limit'],
    ['__proto__=1', '/__proto__'],
    ['constructor=1', '/constructor'],
  ] as const) {
    it(`answers 400 to ?${search}`, async () => {
      assert.equal((await ask(`/things?${search}`)).short, `400 invalid_input ${expected}`)
    })
  }
})

describe('a name in the path', () => {
  it('arrives', async () => assert.equal((await ask('/things/sales-2024')).body, 'sales-2024'))

  for (const name of ['Sales', '-a', 'a-', 'a.b', 'a%2Fb', '%E4%B8%AD', 'a'.repeat(64)]) {
    it(`answers 400 to ${name}`, async () => {
      assert.equal((await ask(`/things/${name}`)).short, '400 invalid_input /name')
    })
  }
})

describe('an event', () => {
  const good = {
    'Content-Type': 'application/json',
    'ce-specversion': '1.0',
    'ce-id': '1',
    'ce-source': '/default/other',
    'ce-type': 'thing.seen.v1',
  }
  const known: string[] = []
  const asked: IncomingEvent[] = []
  const inbox = {
    async knows(incoming: IncomingEvent) {
      asked.push(incoming)
      return known.includes(incoming.id)
    },
  }
  const routes = (app: Parameters<Parameters<typeof bare>[0]>[0]) =>
    app.post('/events/thing-seen', event(thingSeen), (c) => c.json(c.req.valid('json'), 201))
  const bring = (headers: Record<string, string>, data = '{"name":"x"}', caller: typeof engine | undefined = engine) =>
    bare(routes, { caller, inbox }).ask('/events/thing-seen', { method: 'POST', body: data, headers })

  it('arrives from the engine, its attributes decoded', async () => {
    const answer = await bring({ ...good, 'ce-authid': 'default/%E4%B8%AD%20x', 'ce-correlationid': 'first' })

    assert.equal(answer.status, 201)
    assert.deepEqual(asked.at(-1), {
      id: '1',
      source: '/default/other',
      type: 'thing.seen.v1',
      path: '/events/thing-seen',
      correlationid: 'first',
      authtype: 'unauthenticated',
      authid: 'default/中 x',
      begun: false,
    })
  })

  it('does not reach the handler a second time', async () => {
    known.push('again')

    assert.equal((await bring({ ...good, 'ce-id': 'again' })).status, 204)
  })

  it('is taken from nobody else', async () => {
    const answer = await bring(good, undefined, { ...engine, kind: 'user', scopes: 'all' })

    assert.equal(answer.short, '401 unauthenticated')
  })

  for (const [what, headers, data, expected] of [
    ['without an id', { 'ce-id': '' }, undefined, '400 invalid_input /ce-id'],
    ['without a source', { 'ce-source': '' }, undefined, '400 invalid_input /ce-source'],
    ['of another version', { 'ce-specversion': '0.3' }, undefined, '400 invalid_input'],
    ['of another type', { 'ce-type': 'thing.gone.v1' }, undefined, '400 invalid_input'],
    ['in structured mode', { 'Content-Type': 'text/plain' }, undefined, '415 unsupported_media_type'],
    ['with other data', {}, '{}', '400 invalid_input /name'],
    ['with no data', {}, '', '400 invalid_input '],
  ] as const) {
    it(`answers ${expected} to one ${what}`, async () => {
      assert.equal((await bring({ ...good, ...headers }, data)).short, expected)
    })
  }
})

function endless() {
  let bytes = 0
  const stream = new ReadableStream<Uint8Array>({
    pull(controller) {
      bytes += MIB
      controller.enqueue(new Uint8Array(MIB).fill(0x20))
    },
  })
  return { stream, read: () => bytes }
}
