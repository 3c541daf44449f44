import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'
import { describe, it } from 'node:test'
import { checkToken } from '../../runtime/jwt.ts'
import { remoteKeys } from '../../runtime/remote-keys.ts'
import type { Pair } from './tokens.ts'
import { ed25519, token } from './tokens.ts'

const NOW = Date.UTC(2026, 0, 1)
const [old, next, stranger] = [ed25519('old'), ed25519('next'), ed25519('stranger')]
const unknown = { code: 'unauthenticated', reason: 'token_key' }
const silent = { code: 'unavailable', retryAfter: 1 }

/** An issuer that serves its keys, and a check by them on a clock of its own. */
async function setup(t: TestContext, timeout = 5000) {
  let now = NOW
  let asked = 0
  const issuer = { answer: keys(old) }
  const server = createServer((request, response) => {
    asked++
    issuer.answer(request, response)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo // it listens on TCP
  const find = remoteKeys(`http://127.0.0.1:${port}/jwks`, { timeout, now: () => now })

  return {
    issuer,
    asked: () => asked,
    pass(milliseconds: number) {
      now += milliseconds
    },
    async check(by: Pair): Promise<string | undefined> {
      const seconds = Math.floor(now / 1000)
      const text = token({ alg: 'EdDSA', kid: by.kid }, { iss: 'i', sub: by.kid, exp: seconds + 60 }, by)
      const rules = { algorithms: ['EdDSA'], issuer: 'i', audience: null, types: [null], tolerance: 0, now: seconds }
      return (await checkToken(text, find, rules)).sub
    },
  }
}

function keys(...pairs: readonly Pair[]) {
  return (_request: IncomingMessage, response: ServerResponse): void => {
    response.end(JSON.stringify({ keys: pairs.map(({ jwk }) => jwk) }))
  }
}

describe('the keys of an issuer by their URL', { timeout: 30_000 }, () => {
  it('are fetched once, however many ask at once', async (t) => {
    const { check, asked } = await setup(t)

    assert.deepEqual(await Promise.all([check(old), check(old), check(old)]), ['old', 'old', 'old'])
    assert.equal(asked(), 1)
  })

  it('are fetched again for a key that is not known, at most each 30 s', async (t) => {
    const { check, asked, issuer, pass } = await setup(t)
    await check(old)
    issuer.answer = keys(old, next)

    await assert.rejects(check(next), unknown)
    assert.equal(asked(), 1)
    pass(30_000)
    assert.equal(await check(next), 'next')
    assert.equal(await check(old), 'old')
    assert.equal(asked(), 2)
    for (let count = 0; count < 5; count++) await assert.rejects(check(stranger), unknown)
    assert.equal(asked(), 2)
  })

  it('lose a key that the issuer has withdrawn, ten minutes later', async (t) => {
    const { check, asked, issuer, pass } = await setup(t)
    await check(old)
    const { promise: served, resolve } = Promise.withResolvers<void>()
    issuer.answer = (request, response) => {
      keys(next)(request, response)
      response.once('close', resolve)
    }

    pass(599_999)
    assert.equal(await check(old), 'old')
    assert.equal(asked(), 1)
    pass(1)
    assert.equal(await check(old), 'old')
    await served
    // What has gone out may still be on its way in.
    while ((await check(old).catch(() => 'gone')) !== 'gone');
    assert.equal(await check(next), 'next')
    assert.equal(asked(), 2)
  })

  for (const [what, answer] of Object.entries({
    'breaks the connection': (request: IncomingMessage) => request.socket.destroy(),
    'answers 500': (_: IncomingMessage, response: ServerResponse) => response.writeHead(500).end(),
    'sends elsewhere': (_: IncomingMessage, response: ServerResponse) =>
      response.writeHead(302, { Location: '/jwks' }).end(),
    'answers no JSON': (_: IncomingMessage, response: ServerResponse) => response.end('<html>'),
    'answers no key set': (_: IncomingMessage, response: ServerResponse) => response.end('{"keys": 1}'),
  })) {
    it(`count as they were while the issuer ${what}; one that is not known is then not refused but not known yet`, async (t) => {
      const { check, asked, issuer, pass } = await setup(t)
      await check(old)
      issuer.answer = answer

      pass(30_000)
      await assert.rejects(check(next), silent)
      assert.equal(await check(old), 'old')
      for (let count = 0; count < 5; count++) await assert.rejects(check(next), silent)
      assert.equal(asked(), 2)
      pass(3_600_000)
      assert.equal(await check(old), 'old')
      await assert.rejects(check(next), silent)

      issuer.answer = keys(old, next)
      pass(30_000)
      assert.equal(await check(next), 'next')
    })

    it(`cannot be had where the issuer ${what} from the start, until it does not`, async (t) => {
      const { check, asked, issuer, pass } = await setup(t)
      issuer.answer = answer

      for (let count = 0; count < 5; count++) await assert.rejects(check(old), silent)
      assert.equal(asked(), 1)
      issuer.answer = keys(old)
      pass(1000)
      assert.equal(await check(old), 'old')
    })
  }

  it('are not waited for longer than the time that is given', async (t) => {
    const { check, issuer } = await setup(t, 50)
    issuer.answer = () => {}

    await assert.rejects(check(old), silent)
  })

  it('are public: a private key in the set is not used', async (t) => {
    const { check, issuer } = await setup(t)
    const secret = { ...old.secret.export({ format: 'jwk' }), kid: 'old' }
    issuer.answer = (_, response) => response.end(JSON.stringify({ keys: [secret] }))

    await assert.rejects(check(old), { code: 'unauthenticated' })
  })
})
