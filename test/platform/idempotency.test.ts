import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { FunctionTest } from '../../build/testkit/setup.ts'
import { setup } from '../../build/testkit/setup.ts'
import things, { meet } from './toy-things/function.ts'

describe('an Idempotency-Key', () => {
  let bench: FunctionTest
  before(async () => {
    bench = await setup(things, { folder: new URL('./toy-things', import.meta.url).pathname })
  })
  after(() => bench.close())

  const create = (name: string, key: string): Promise<Response> =>
    bench.request('/things', {
      method: 'POST',
      body: JSON.stringify({ name }),
      headers: { 'Content-Type': 'application/json', 'Idempotency-Key': key },
    })
  const count = async (name: string): Promise<number> =>
    (await bench.query`select 1 from things where name = ${name}`).length

  it('gives the first answer again and creates nothing twice', async () => {
    const first = await create('a', 'key-1')
    const second = await create('a', 'key-1')

    assert.deepEqual([first.status, second.status], [201, 201])
    assert.deepEqual(await second.json(), await first.json())
    assert.equal(second.headers.get('location'), first.headers.get('location'))
    assert.equal(second.headers.get('idempotency-replayed'), 'true')
    assert.equal(await count('a'), 1)
  })

  it('is refused with 422 for another body', async () => {
    await create('b', 'key-2')

    const other = await create('c', 'key-2')

    assert.equal(other.status, 422)
    assert.partialDeepStrictEqual(await other.json(), { code: 'key_reused' })
    assert.equal(await count('c'), 0)
  })

  it('is refused with 409 while the first request is in flight', async () => {
    const gate = meet()
    const first = create('slow', 'key-3')
    await gate.reached

    const second = await create('slow', 'key-3')

    assert.equal(second.status, 409)
    assert.partialDeepStrictEqual(await second.json(), { code: 'in_progress' })
    gate.open()
    assert.equal((await first).status, 201)
    assert.equal(await count('slow'), 1)
  })

  it('does not keep an answer that tells of a fault', async () => {
    assert.equal((await create('broken', 'key-4')).status, 500)
    assert.equal((await create('broken', 'key-4')).status, 500)
    assert.equal((await create('mended', 'key-4')).status, 201)
    assert.deepEqual([await count('broken'), await count('mended')], [0, 1])
  })

  it('is forgotten after a day', async () => {
    await create('e', 'key-5')
    await bench.query`update idempotency set at = at - interval '25 hours' where key = 'key-5'`

    await create('e', 'key-5')

    assert.equal(await count('e'), 2)
  })

  it('must be a key', async () => {
    const answer = await create('f', 'no key')

    assert.equal(answer.status, 400)
    assert.partialDeepStrictEqual(await answer.json(), { errors: [{ pointer: '/idempotency-key' }] })
  })

  it('stands in the OpenAPI document', async () => {
    const document = await (await bench.app.request('/openapi.json')).json()

    assert.partialDeepStrictEqual(document, {
      paths: { '/things': { post: { parameters: [{ name: 'Idempotency-Key', in: 'header' }] } } },
    })
  })
})
