import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as z from 'zod'
import { answerChecker } from '../../../build/testkit/answers.ts'
import { openDatabase } from '../../../runtime/adapters/postgres.ts'
import { postgresCancellations } from '../../../runtime/adapters/postgres-cancellations.ts'
import { postgresDeadLetters } from '../../../runtime/adapters/postgres-dead-letters.ts'
import { postgresRecords } from '../../../runtime/adapters/postgres-records.ts'
import { postgresTriggerStates } from '../../../runtime/adapters/postgres-trigger-states.ts'
import { requestContext } from '../../../runtime/context.ts'
import type { Envelope } from '../../../runtime/event.ts'
import { defineEvent, MOST_DATA } from '../../../runtime/event.ts'
import { developerOf } from '../../../runtime/identity.ts'
import type { EngineAppOptions } from '../../../triggers/engine/app.ts'
import { createEngineApp } from '../../../triggers/engine/app.ts'

const noted = defineEvent({
  type: 'toy.noted.v1',
  topic: 'toys',
  data: z.object({ text: z.string() }),
  key: ({ text }) => text.slice(0, 5),
})
const BINARY = { 'Content-Type': 'application/json', 'ce-specversion': '1.0', 'ce-type': noted.type }
const Answer = z.object({
  id: z.string().optional(),
  code: z.string().optional(),
  errors: z.array(z.object({ pointer: z.string() })).optional(),
})

/** Never asked here. */
const nowhere = openDatabase({ url: 'postgres://127.0.0.1:1/none' })

function setup(options: Partial<EngineAppOptions> = {}) {
  const posted: Omit<Envelope, 'time'>[] = []
  const app = createEngineApp({
    team: 'default',
    outbox: {
      alone: async () => undefined,
      take: async () => [],
      drop: async () => undefined,
      rung: async () => undefined,
      post: async (_topic, envelope) => void posted.push(envelope),
    },
    records: postgresRecords(nowhere),
    usage: async () => [],
    states: postgresTriggerStates(nowhere),
    deadLetters: postgresDeadLetters(nowhere),
    cancellations: postgresCancellations(nowhere),
    async authenticate(c, next) {
      const context = requestContext.getStore()
      if (context) context.caller = { ...developerOf('default'), id: c.req.header('x-test-as') ?? 'ann' }
      await next()
    },
    triggers: () => [{ name: 'noted-to-toy', definition: { on: noted, deliver: { to: 'toy', path: '/' } } }],
    status: async () => ({}),
    metrics: async () => [],
    logs: () => [],
    ...options,
  })
  const checking = answerChecker(app, '/_mezz')
  async function ask(path: string, init?: RequestInit) {
    const response = await app.request(path, init)
    const check = await checking
    await check(init?.method ?? 'GET', path.split('?')[0] ?? '', response)
    return { status: response.status, ...Answer.parse(await response.json()) }
  }
  const send = (data: unknown, headers: Record<string, string> = {}) =>
    ask('/_mezz/events', { method: 'POST', headers: { ...BINARY, ...headers }, body: JSON.stringify(data) })
  const sendWhole = (event: unknown) =>
    ask('/_mezz/events', {
      method: 'POST',
      headers: { 'Content-Type': 'application/cloudevents+json' },
      body: JSON.stringify(event),
    })
  return { app, posted, ask, send, sendWhole }
}

describe("the platform's own routes", () => {
  it('take in an event in both modes, by its own key and as its caller says', async () => {
    const { posted, send, sendWhole } = setup()

    const first = await send({ text: 'hello you' }, { 'ce-partitionkey': 'a%20b' })
    const second = await sendWhole({ specversion: '1.0', type: noted.type, subject: 's', data: { text: 'hello you' } })

    assert.deepEqual(
      posted.map(({ id, source, subject, partitionkey, data }) => ({ id, source, subject, partitionkey, data })),
      [
        { id: first.id, subject: 'a b', partitionkey: 'a b' },
        { id: second.id, subject: 's', partitionkey: 'hello' },
      ].map((one) => ({ ...one, source: '/default/external/ann', data: '{"text":"hello you"}' })),
    )
  })

  it('refuse a wrong method by 405 and what is allowed, and an unknown route by 404', async () => {
    const { app } = setup()

    const wrong = await app.request('/_mezz/events', { method: 'PUT' })
    const unknown = await app.request('/_mezz/nothing')

    assert.deepEqual([wrong.status, wrong.headers.get('allow')], [405, 'POST'])
    assert.equal(unknown.status, 404)
  })

  it('name the caller in the source as a URI has it, and as it is in authid', async () => {
    const { posted, send } = setup()

    await send({ text: 'a' }, { 'x-test-as': 'shop:7/../x' })

    assert.partialDeepStrictEqual(posted, [
      { source: '/default/external/shop%3A7%2F..%2Fx', authtype: 'user', authid: 'default/shop:7/../x' },
    ])
  })

  it('know an event again that its caller sends again, and answer the same', async () => {
    const { posted, send, sendWhole } = setup()

    const first = await send({ text: 'a' }, { 'ce-id': '7' })
    const again = await send({ text: 'a' }, { 'ce-id': '7' })
    const whole = await sendWhole({ specversion: '1.0', type: noted.type, id: '7', data: { text: 'a' } })

    assert.equal(first.status, 202)
    assert.deepEqual([again, whole], [first, first])
    assert.deepEqual(
      posted.map(({ id, correlationid, causationid }) => [id, correlationid, causationid]),
      Array(3).fill([first.id, first.id, '7']),
    )
  })

  it('hold events apart that differ in id, in source or in caller, and those without an id', async () => {
    const { posted, send } = setup()

    await send({ text: 'a' }, { 'ce-id': '7' })
    await send({ text: 'a' }, { 'ce-id': '8' })
    await send({ text: 'a' }, { 'ce-id': '7', 'ce-source': '/shop' })
    await send({ text: 'a' }, { 'ce-id': '7', 'x-test-as': 'bob' })
    await send({ text: 'a' })
    await send({ text: 'a' })

    assert.equal(new Set(posted.map(({ id }) => id)).size, 6)
  })

  it('take in 256 KiB of data, and answer 413 to a byte more', async () => {
    const { posted, send } = setup()
    const room = MOST_DATA - JSON.stringify({ text: '' }).length

    assert.equal((await send({ text: 'x'.repeat(room) })).status, 202)
    assert.equal((await send({ text: 'x'.repeat(room + 1) })).status, 413)
    assert.equal(posted.length, 1)
  })

  it('read no further than the largest event goes', async () => {
    const { ask } = setup()
    let pulled = 0
    const endless = new ReadableStream<Uint8Array>({
      pull(controller) {
        pulled += 64 * 1024
        controller.enqueue(new Uint8Array(64 * 1024).fill(0x20))
      },
    })

    const answer = await ask('/_mezz/events', { method: 'POST', headers: BINARY, body: endless, duplex: 'half' })

    assert.equal(answer.status, 413)
    assert.ok(pulled <= 2 * MOST_DATA, `${pulled} bytes were read`)
  })

  it('answer 504 when the time is over, to a body that does not come too', async () => {
    const { posted, ask } = setup({ timeout: 0.02, status: () => new Promise(() => undefined) })
    const silent = new ReadableStream<Uint8Array>({ pull: () => new Promise(() => undefined) })

    const late = await ask('/_mezz/status')
    const silence = await ask('/_mezz/events', { method: 'POST', headers: BINARY, body: silent, duplex: 'half' })

    assert.deepEqual([late, silence], Array(2).fill({ status: 504, code: 'timeout' }))
    assert.deepEqual(posted, [])
  })

  for (const [what, event, pointer] of [
    ['no type', { specversion: '1.0', data: {} }, '/type'],
    ['another version', { specversion: '0.3', type: noted.type, data: {} }, '/specversion'],
    ['an empty id', { specversion: '1.0', type: noted.type, id: '', data: {} }, '/id'],
    ['a NUL in its subject', { specversion: '1.0', type: noted.type, subject: 'a\0', data: {} }, '/subject'],
    [
      'a key of 513 characters',
      { specversion: '1.0', type: noted.type, partitionkey: 'k'.repeat(513) },
      '/partitionkey',
    ],
    ['data that its schema refuses', { specversion: '1.0', type: noted.type, data: {} }, '/text'],
    ['a NUL in the key that its data gives', { specversion: '1.0', type: noted.type, data: { text: 'a\0' } }, ''],
  ] as const) {
    it(`answer 400 with a pointer to an event with ${what}`, async () => {
      const { posted, sendWhole } = setup()

      const answer = await sendWhole(event)

      assert.deepEqual(answer, { status: 400, code: 'invalid_input', errors: [{ pointer }] })
      assert.deepEqual(posted, [])
    })
  }

  it('refuse an event of the platform, one that nobody takes, and what is no JSON', async () => {
    const { posted, send } = setup()

    assert.equal((await send({}, { 'ce-type': 'mezz.dataset.ingested.v1' })).status, 403)
    assert.equal((await send({}, { 'ce-type': 'toy.unknown.v1' })).status, 422)
    assert.equal((await send({}, { 'Content-Type': 'text/plain' })).status, 415)
    assert.deepEqual(posted, [])
  })
})
