import assert from 'node:assert/strict'
import { once } from 'node:events'
import { request } from 'node:http'
import { describe, it } from 'node:test'
import { serve } from '@hono/node-server'
import { atMost } from '../../runtime/at-most.ts'
import { bare } from './bare.ts'

const { app } = bare((routes) =>
  routes.post('/', atMost(1000), async (c) => c.json({ bytes: (await c.req.arrayBuffer()).byteLength })),
)

/** Sends so many bytes in chunks, without saying how many they will be; answers with the status and the body. */
async function send(port: number, bytes: number, headers = {}): Promise<[number | undefined, string]> {
  const asked = request({ port, method: 'POST', path: '/', headers })
  asked.on('error', () => undefined)
  for (let sent = 0; sent < bytes; sent += 100) asked.write(Buffer.alloc(Math.min(100, bytes - sent)))
  asked.end()
  const [answer] = await once(asked, 'response')
  let text = ''
  for await (const part of answer) text += part
  return [answer.statusCode, text]
}

describe('a body of at most 1000 bytes', () => {
  it('is read, and one that is longer is refused, also where nobody said how long it is', async () => {
    const server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1', overrideGlobalObjects: false })
    await once(server, 'listening')
    const address = server.address()
    const port = typeof address === 'object' && address ? address.port : 0

    assert.deepEqual(await send(port, 1000), [200, '{"bytes":1000}'])
    assert.deepEqual(await send(port, 0), [200, '{"bytes":0}'])
    const [status, text] = await send(port, 1001)
    assert.equal(status, 413)
    assert.match(text, /a body of at most 1000 bytes is taken/)
    assert.equal((await send(port, 50_000, { 'content-length': 50_000 }))[0], 413)
    server.close()
  })
})
