import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, describe, it } from 'node:test'
import { getRequestListener } from '@hono/node-server'
import type { FunctionTest } from '../../build/testkit/setup.ts'
import { setup } from '../../build/testkit/setup.ts'
import things from './toy-things/function.ts'

describe('an Idempotency-Key of a body that no schema reads', () => {
  let bench: FunctionTest
  before(async () => {
    bench = await setup(things, { folder: new URL('./toy-things', import.meta.url).pathname })
  })
  after(() => bench.close())

  const upload = (body: string | FormData, key: string, headers?: Record<string, string>): Promise<Response> =>
    bench.request('/uploads', { method: 'POST', body, headers: { 'Idempotency-Key': key, ...headers } })
  const csv = (text: string, key: string, type = 'text/csv'): Promise<Response> =>
    upload(text, key, { 'Content-Type': type })
  const form = (text: string): FormData => {
    const fields = new FormData()
    fields.set('file', new File([text], 'a.csv', { type: 'text/csv' }))
    return fields
  }
  const count = async (name: string): Promise<number> =>
    (await bench.query`select 1 from things where name = ${name}`).length

  it('gives the first answer again for the same bytes', async () => {
    const first = await csv('a\n1\n', 'key-1')
    const second = await csv('a\n1\n', 'key-1', 'Text/CSV; header=present')

    assert.deepEqual([first.status, second.status], [201, 201])
    assert.deepEqual(await second.json(), await first.json())
    assert.equal(await count('a\n1\n'), 1)
  })

  it('is refused with 422 for other bytes of the same length', async () => {
    await csv('b\n1\n', 'key-2')

    const other = await csv('b\n2\n', 'key-2')

    assert.equal(other.status, 422)
    assert.partialDeepStrictEqual(await other.json(), { code: 'key_reused' })
    assert.equal(await count('b\n2\n'), 0)
  })

  it('is refused with 422 for the same bytes in another charset or coding', async () => {
    await csv('c\n1\n', 'key-3')

    const charset = await csv('c\n1\n', 'key-3', 'text/csv; charset=utf-16le')
    const coding = await upload('c\n1\n', 'key-3', { 'Content-Type': 'text/csv', 'Content-Encoding': 'gzip' })

    assert.deepEqual([charset.status, coding.status], [422, 422])
    assert.equal(await count('c\n1\n'), 1)
  })

  it('gives the first answer again for the same form with another boundary', async () => {
    const first = await upload(form('d\n1\n'), 'key-4')
    const second = await upload(form('d\n1\n'), 'key-4')

    assert.deepEqual([first.status, second.status], [201, 201])
    assert.deepEqual(await second.json(), await first.json())
    assert.equal(await count('d\n1\n'), 1)
  })

  it('is refused with 422 for a form with another file of the same length', async () => {
    await upload(form('e\n1\n'), 'key-5')

    const other = await upload(form('e\n2\n'), 'key-5')

    assert.equal(other.status, 422)
    assert.equal(await count('e\n2\n'), 0)
  })

  it('is bound to what the handler left unread, too', async () => {
    const send = (body: string): Promise<Response> =>
      bench.request('/unread', { method: 'POST', body, headers: { 'Idempotency-Key': 'key-6' } })
    await send('one')

    assert.equal((await send('one')).headers.get('idempotency-replayed'), 'true')
    assert.equal((await send('two')).status, 422)
    assert.equal(await count('unread'), 1)
  })

  it('reads no more of another body than the first one had, and the answer arrives', async () => {
    const server = createServer(getRequestListener(bench.app.fetch, { overrideGlobalObjects: false }))
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const { port } = server.address() as AddressInfo // of a server that listens on TCP
    const send = (body: string | FormData): Promise<Response> =>
      fetch(`http://127.0.0.1:${port}/uploads`, {
        method: 'POST',
        body,
        headers: { 'Idempotency-Key': 'key-7', 'Content-Type': 'text/csv' },
      })

    const answers = [await send('f\n1\n'), await send('f\n1\n'), await send('f'.repeat(4 * 2 ** 20))]

    assert.deepEqual(
      answers.map(({ status }) => status),
      [201, 201, 422],
    )
    assert.deepEqual(await answers[1]?.json(), await answers[0]?.json())
    server.closeAllConnections()
    await once(server.close(), 'close')
  })
})
