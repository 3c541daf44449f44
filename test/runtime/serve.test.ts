import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { Agent, request } from 'node:http'
import { connect } from 'node:net'
import { after, describe, it } from 'node:test'
import type { Served } from './fixture/start.ts'
import { ready as readyAlone, start } from './fixture/start.ts'

const living = new Set<Served>()
after(() => {
  for (const { child } of living) child.kill('SIGKILL')
})

async function ready(...args: Parameters<typeof readyAlone>): Promise<Served> {
  const served = await readyAlone(...args)
  living.add(served)
  served.exit.then(() => living.delete(served))
  return served
}

describe('SIGTERM', () => {
  it('ends an idle process, whose idle connections are closed', async () => {
    const { port, child, exit } = await ready()
    const agent = new Agent({ keepAlive: true })
    const answer = await get(port, '/', agent)
    const closed = once(answer.socket, 'close')

    child.kill('SIGTERM')

    assert.equal(await exit, 0)
    await closed
  })

  it('lets what is in flight end, says that the connection closes, and takes no new one; a second one changes nothing', async () => {
    const { port, child, exit, printed } = await ready()
    const slow = get(port, '/slow')
    await printed('slow')

    child.kill('SIGTERM')
    await refused(port)
    child.kill('SIGTERM')
    child.kill('SIGUSR2')

    const answer = await slow
    assert.deepEqual([answer.status, answer.text, answer.headers.connection], [200, 'slow', 'close'])
    assert.equal(await exit, 0)
  })

  it('lets an answer that streams end', async () => {
    const { port, child, exit } = await ready()
    const [response] = await opened(port, '/stream')
    const [first] = (await once(response, 'data')) as [Buffer]
    assert.equal(String(first), 'first,')

    child.kill('SIGTERM')
    await refused(port)
    child.kill('SIGUSR2')

    let rest = ''
    for await (const chunk of response) rest += chunk
    assert.equal(rest, 'last')
    assert.equal(await exit, 0)
  })

  it('fails no request of clients that keep their connections busy', async () => {
    const { port, child, exit } = await ready()
    let answered = 0
    let rang: () => void = () => {}
    const busy = new Promise<void>((resolve) => {
      rang = resolve
    })
    const clients = Array.from({ length: 20 }, async () => {
      const agent = new Agent({ keepAlive: true, maxSockets: 1 })
      for (;;) {
        try {
          assert.equal((await get(port, '/', agent)).status, 200)
          if (++answered === 500) rang()
        } catch (error) {
          if (codeOf(error) === 'ECONNREFUSED') return
          throw error
        }
      }
    })
    await busy

    child.kill('SIGTERM')

    await Promise.all(clients)
    assert.equal(await exit, 0)
  })

  it('ends with 1 when the grace is over', async () => {
    const { port, child, exit, printed } = await ready([], { MEZZ_GRACE: '0.2' })
    const slow = get(port, '/slow')
    await printed('slow')

    child.kill('SIGTERM')

    await assert.rejects(slow, (error) => codeOf(error) === 'ECONNRESET')
    assert.equal(await exit, 1)
  })
})

describe('a process', () => {
  it('that ends with its parent ends when its standard input does', async () => {
    const { child, exit } = await ready([], { MEZZ_ENDS_WITH_PARENT: '1' })

    child.stdin?.end()

    assert.equal(await exit, 1)
  })

  it('answers 504, logs it and goes on, when a request takes too long', async () => {
    const { port, child, exit, printed } = await ready(['0.2'])

    const answer = await get(port, '/slow')

    assert.equal(answer.status, 504)
    assert.match(answer.text, /"code":"timeout".*"trace":"[0-9a-f]{32}"/)
    await printed('"status":504')
    assert.equal((await get(port, '/')).text, 'quick')
    child.kill('SIGTERM')
    assert.equal(await exit, 0)
  })

  it('closes a connection that sends its headers, or its body, too slowly', async () => {
    const { port, child, exit } = await ready(['0.5'])

    for (const sent of [
      'GET / HTTP/1.1\r\nHost: localhost\r\nX-More: ',
      'POST /json HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{',
    ]) {
      const socket = connect(port, '127.0.0.1')
      socket.write(sent)
      assert.match(await everything(socket), /^HTTP\/1\.1 (408|504) /)
    }
    child.kill('SIGTERM')
    assert.equal(await exit, 0)
  })

  it('answers 431 to headers without end and 413 to a body without end, and reads no further', async () => {
    const { port, child, exit } = await ready()
    const headers = connect(port, '127.0.0.1')
    headers.write(`GET / HTTP/1.1\r\nHost: localhost\r\nX-More: ${'a'.repeat(17_000)}`)
    assert.match(await everything(headers), /^HTTP\/1\.1 431 /)

    const endless = request({ port, path: '/json', method: 'POST', headers: { 'Content-Type': 'application/json' } })
    // As much as tells that it goes on beyond the limit; its end never comes.
    endless.write(' '.repeat(17 * 1024 * 1024))
    const [answer] = (await once(endless, 'response')) as [IncomingMessage]
    assert.equal(answer.statusCode, 413)
    endless.on('error', () => undefined).destroy()
    child.kill('SIGTERM')
    assert.equal(await exit, 0)
  })

  it('does not start in a bad environment, and says every fault of it in one message', async () => {
    const { exit, stderr } = await start([], { PORT: 'x', MEZZ_GRACE: 'y' })

    assert.equal(await exit, 2)
    assert.match(stderr(), /^the environment is not right:\n {2}PORT: .*\n {2}MEZZ_GRACE: .*\n$/)
  })

  it('does not start when ports cannot be opened, and says which', async () => {
    const { exit, stderr } = await start(['30', 'objects'])

    assert.equal(await exit, 2)
    assert.equal(stderr(), 'objects: set OBJECTS_FOLDER\nsql: set DATABASE_URL\n')
  })

  it('does not start where its address is taken', async () => {
    const { port, child, exit: end } = await ready()

    const { exit, stderr } = await start([], { PORT: String(port) })

    assert.equal(await exit, 2)
    assert.match(stderr(), /^served cannot listen on 127\.0\.0\.1:\d+: .*EADDRINUSE.*\n$/)
    child.kill('SIGTERM')
    assert.equal(await end, 0)
  })
})

async function get(port: number, path: string, agent?: Agent) {
  const [response, socket] = await opened(port, path, agent)
  let text = ''
  for await (const chunk of response) text += chunk
  return { status: response.statusCode, headers: response.headers, text, socket }
}

async function opened(port: number, path: string, agent?: Agent) {
  const asking = request({ port, path, host: '127.0.0.1', ...(agent ? { agent } : {}) }).end()
  const [response] = (await once(asking, 'response')) as [IncomingMessage]
  return [response, response.socket] as const
}

/** Resolves when nobody listens any more. */
async function refused(port: number): Promise<void> {
  for (;;) {
    const socket = connect(port, '127.0.0.1')
    try {
      await once(socket, 'connect')
    } catch (error) {
      // One that waits in the queue while the socket is closed is reset; the next is refused.
      if (codeOf(error) === 'ECONNRESET') continue
      assert.equal(codeOf(error), 'ECONNREFUSED')
      return
    } finally {
      socket.destroy()
    }
  }
}

async function everything(socket: ReturnType<typeof connect>): Promise<string> {
  let text = ''
  for await (const chunk of socket) text += chunk
  return text
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined
}
