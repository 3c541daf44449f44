import assert from 'node:assert/strict'
import { once } from 'node:events'
import { request as ask } from 'node:http'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { describe, it } from 'node:test'
import { get, program, setup, until } from './setup.ts'

const MIB = 2 ** 20

describe('the gateway', { timeout: 30_000 }, () => {
  it('strips the prefix and says where the request came in, whatever the caller says', async (t) => {
    const { get, port } = await setup(t)

    const answer = await get('/default/toy/echo?a=%2F&b', {
      headers: {
        'X-Forwarded-Prefix': '/forged',
        'X-Mezz-Guard': 'forged',
        Connection: 'x-hop',
        'X-Hop': '1',
        Origin: `http://127.0.0.1:${port}`,
      },
    })

    const { url, headers, env } = JSON.parse(answer.text)
    assert.equal(url, '/echo?a=%2F&b')
    assert.equal(headers['x-forwarded-prefix'], '/default/toy')
    assert.equal(headers['x-forwarded-for'], '127.0.0.1')
    assert.equal(headers['x-forwarded-proto'], 'http')
    assert.equal(headers['x-forwarded-host'], `127.0.0.1:${port}`)
    assert.equal(headers.host, `127.0.0.1:${port}`)
    assert.equal(headers.origin, `http://127.0.0.1:${port}`)
    assert.equal(headers['x-hop'], undefined)
    assert.equal(headers['x-mezz-guard'], env.guard)
    assert.ok(env.guard.length >= 32)
    assert.equal(env.service, 'toy')
    assert.match(String(answer.headers['x-mezz-process']), /^toy-\d+$/)
  })

  it('finds a function by its host, as Knative has it', async (t) => {
    const { get, port } = await setup(t)
    const Host = `toy.default.localhost:${port}`

    const { url, headers } = JSON.parse((await get('/echo', { headers: { Host, 'X-Forwarded-Prefix': '/x' } })).text)

    assert.equal(url, '/echo')
    assert.equal(headers.host, Host)
    assert.equal(headers['x-forwarded-prefix'], undefined)
  })

  it('answers 404 as problem details for a team, a function and a route that are not there', async (t) => {
    const { get } = await setup(t)

    for (const path of ['/other/toy/echo', '/default/none/echo', '/', '/default', '//']) {
      const answer = await get(path)

      assert.equal(answer.status, 404, path)
      assert.equal(answer.headers['content-type'], 'application/problem+json')
      assert.equal(JSON.parse(answer.text).code, 'not_found')
    }
  })

  it('refuses what a foreign page could have sent, before any process starts', async (t) => {
    const { get, pool, port } = await setup(t)

    for (const headers of [
      { Host: 'evil.example' },
      { Origin: 'http://localhost:3000' },
      { Origin: 'https://evil.example', 'Sec-Fetch-Site': 'cross-site' },
      { 'Sec-Fetch-Site': 'cross-site' },
    ]) {
      for (const path of ['/default/toy/echo', '/_mezz/status']) {
        const answer = await get(path, { method: 'POST', headers, body: 'x' })

        assert.equal(answer.status, 403)
        assert.equal(JSON.parse(answer.text).code, 'forbidden')
      }
    }
    assert.equal(pool.status().requests, 0)
    assert.equal((await get('/_mezz/status', { headers: { Host: `localhost:${port}` } })).status, 200)
  })

  it('hands /_mezz to the platform', async (t) => {
    const { get, port } = await setup(t)

    const answer = await get('/_mezz/events?x=1', { method: 'POST', body: 'hello' })

    assert.deepEqual(JSON.parse(answer.text), { url: `http://127.0.0.1:${port}/_mezz/events?x=1`, body: 'hello' })
  })

  it('lets a caller finish whom the platform answers early, and ends the connection of one who does not', async (t) => {
    const { port } = await setup(t)
    const begin = () => {
      const socket = connect(port, '127.0.0.1')
      socket.write(`POST /_mezz/early HTTP/1.1\r\nHost: localhost:${port}\r\nContent-Length: ${8 * MIB}\r\n\r\n`)
      return socket
    }
    const eager = begin()
    const idle = begin()
    const drip = setInterval(() => idle.write('x'), 10)
    t.after(() => clearInterval(drip))
    idle.on('error', () => clearInterval(drip))

    await new Promise((sent) => eager.write(Buffer.alloc(8 * MIB), sent))
    const [answer] = await once(eager, 'data')
    await new Promise((closed) => idle.once('close', closed))

    assert.match(String(answer), /^HTTP\/1\.1 413 /)
    eager.destroy()
  })

  it('rewrites a Location of the function, and no other', async (t) => {
    const { get, port } = await setup(t)
    const origin = `http://127.0.0.1:${port}`

    for (const [given, wanted] of [
      ['/datasets/iris?x=1', '/default/toy/datasets/iris?x=1'],
      ['/default/toy/datasets', '/default/toy/datasets'],
      [`${origin}/datasets`, `${origin}/default/toy/datasets`],
      ['http://127.0.0.1:PORT/datasets', `${origin}/default/toy/datasets`],
      ['https://example.org/datasets', 'https://example.org/datasets'],
      ['//example.org/datasets', '//example.org/datasets'],
      ['datasets', 'datasets'],
    ] as const) {
      const { headers } = await get(`/default/toy/location?${encodeURIComponent(given)}`)

      assert.equal(headers.location, wanted)
    }
  })

  it('passes each piece of a stream on at once', async (t) => {
    const { port } = await setup(t)
    const request = ask({ port, path: '/default/toy/stream', agent: false }).end()
    const [response] = await once(request, 'response')
    const pieces = response[Symbol.asyncIterator]()
    const first = await pieces.next()

    await get(port, '/default/toy/release')

    assert.equal(String(first.value), 'data: first\n\n')
    assert.equal(String((await pieces.next()).value), 'data: last\n\n')
  })

  it('ends the request to the process when the caller goes', async (t) => {
    const { port } = await setup(t)
    const request = ask({ port, path: '/default/toy/stream', agent: false }).end()
    await once(request, 'response')
    request.destroy()

    await until(async () => (await get(port, '/default/toy/held')).text === '0')
  })

  it('streams a large upload, and takes no more than the process takes', async (t) => {
    const { port } = await setup(t)
    const chunk = Buffer.alloc(MIB, 7)
    const request = ask({ port, path: '/default/toy/echo', method: 'PUT', agent: false })
    const response = once(request, 'response')
    for (let sent = 0; sent < 300; sent++) if (!request.write(chunk)) await once(request, 'drain')
    request.end()

    const [answer] = await response

    assert.equal(JSON.parse(await text(answer)).bytes, 300 * MIB)
    assert.ok(process.memoryUsage.rss() < 250 * MIB, `${process.memoryUsage.rss()} bytes are resident`)
  })

  it('passes on an answer that comes before the body is read', async (t) => {
    const { port } = await setup(t)
    const request = ask({ port, path: '/default/toy/early', method: 'POST', agent: false })
    request.on('error', () => {})
    request.write('begun')

    const [answer] = await once(request, 'response')

    assert.equal(answer.statusCode, 413)
    assert.equal(await text(answer), 'too much')
    request.destroy()
  })

  it('passes on bodies of any method, and says when there is none', async (t) => {
    const { get } = await setup(t)

    const removed = JSON.parse(
      (await get('/default/toy/echo', { method: 'DELETE', headers: { 'Transfer-Encoding': 'chunked' }, body: 'ab' }))
        .text,
    )
    const posted = JSON.parse((await get('/default/toy/echo', { method: 'POST' })).text)
    const head = await get('/default/toy/echo', { method: 'HEAD' })

    assert.equal(removed.bytes, 2)
    assert.equal(posted.headers['content-length'], '0')
    assert.equal(head.status, 200)
  })

  it('answers what is not HTTP, and headers beyond 16 KiB, with problem details', async (t) => {
    const { get, port } = await setup(t)
    const socket = connect(port, '127.0.0.1').end('nonsense\r\n\r\n')

    const nonsense = await text(socket)
    const large = await get('/default/toy/echo', { headers: { 'X-Large': 'x'.repeat(20_000) } })

    assert.match(nonsense, /^HTTP\/1.1 400 .*"code":"invalid_input"/s)
    assert.equal(large.status, 413)
    assert.equal(JSON.parse(large.text).code, 'too_large')
  })

  it('drains: what is in flight ends, then nobody listens', async (t) => {
    const { gateway, pool, port } = await setup(t, program())
    const held = get(port, '/default/toy/hold')
    await until(async () => (await get(port, '/default/toy/held')).text === '1')
    const { pid } = JSON.parse((await get(port, '/default/toy/echo')).text)

    const drained = gateway.drain(10_000).then(() => pool.drain(1000))
    await assert.rejects(get(port, '/default/toy/echo'), { code: 'ECONNREFUSED' })
    process.kill(pid, 'SIGTERM')

    await drained
    assert.equal((await held).status, 503)
    assert.equal(pool.status().processes, 0)
  })
})
