import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { IdentityOptions } from '../../runtime/identity.ts'
import { authenticate } from '../../runtime/identity.ts'
import { engineTokens, engineVerifier, generateEngineKey, publicKeys } from '../../runtime/token.ts'
import { bare } from './bare.ts'

const key = await generateEngineKey()
const verifyEngine = engineVerifier(publicKeys([key]), '/default/bare')
const token = await engineTokens(key)('/default/bare')
const HOST = '127.0.0.1:8080'

function asking(options: Partial<IdentityOptions> = {}) {
  const { app, log } = bare((routes) => routes.post('/', (c) => c.text('in')), {
    authenticate: authenticate({
      name: 'bare',
      team: 'default',
      verifyEngine,
      findCaller: undefined,
      developer: true,
      audit: () => {},
      ...options,
    }),
  })
  return async (headers: Record<string, string>): Promise<string> => {
    const answer = await app.request(`http://${headers['host'] ?? HOST}/`, { method: 'POST', headers })
    return `${answer.status} ${log.at(-1)?.caller ?? 'nobody'}`
  }
}

describe("a laptop's developer", () => {
  const ask = asking()

  for (const [what, headers] of Object.entries({
    curl: { host: HOST },
    'curl by a name': { host: 'bare.default.localhost:8080' },
    'curl by IPv6': { host: '[::1]:8080' },
    'the page that this function serves itself': {
      host: HOST,
      origin: `http://${HOST}`,
      'sec-fetch-site': 'same-origin',
      'sec-fetch-mode': 'cors',
    },
    'an address typed into a browser': { host: HOST, 'sec-fetch-site': 'none', 'sec-fetch-mode': 'navigate' },
    'another scheme of authorization': { host: HOST, authorization: 'Basic eDp5' },
  })) {
    it(`is ${what}`, async () => assert.equal(await ask(headers), '200 user:developer'))
  }

  for (const [what, headers] of Object.entries({
    'a form of another site (cross-site POST)': {
      host: HOST,
      origin: 'https://evil.example',
      'content-type': 'application/x-www-form-urlencoded',
      'sec-fetch-site': 'cross-site',
      'sec-fetch-mode': 'navigate',
      'sec-fetch-dest': 'document',
    },
    'the same from a browser without Fetch Metadata': { host: HOST, origin: 'https://evil.example' },
    'a script of another site in no-cors mode': {
      host: HOST,
      origin: 'https://evil.example',
      'content-type': 'text/plain',
      'sec-fetch-site': 'cross-site',
      'sec-fetch-mode': 'no-cors',
    },
    'a page of another localhost port': {
      host: 'localhost:8080',
      origin: 'http://localhost:3000',
      'sec-fetch-site': 'same-site',
      'sec-fetch-mode': 'cors',
    },
    "another function's page": { host: HOST, origin: 'http://127.0.0.1:40001', 'sec-fetch-site': 'same-site' },
    'a name that was rebound to this machine (DNS rebinding)': {
      host: 'evil.example:8080',
      origin: 'http://evil.example:8080',
      'sec-fetch-site': 'same-origin',
    },
    'a rebound name without an Origin': { host: 'evil.example:8080' },
    'a sandboxed frame or a file': { host: HOST, origin: 'null', 'sec-fetch-site': 'cross-site' },
    'a sandboxed frame without Fetch Metadata': { host: HOST, origin: 'null' },
  })) {
    it(`is not ${what}`, async () => assert.equal(await ask(headers), '403 nobody'))
  }

  it('is nobody where there is no developer mode', async () => {
    assert.equal(await asking({ developer: false })({ host: HOST }), '401 nobody')
  })
})

describe('a bearer token', () => {
  it('of the engine makes the engine, whatever the Host', async () => {
    for (const developer of [true, false]) {
      const headers = { host: 'bare.default.svc', authorization: `Bearer ${token}` }
      assert.equal(await asking({ developer })(headers), '200 engine:engine')
    }
  })

  it("is refused when it is not the engine's, developer or not", async () => {
    const other = await engineTokens(await generateEngineKey())('/default/bare')
    for (const developer of [true, false]) {
      assert.equal(await asking({ developer })({ host: HOST, authorization: `Bearer ${other}` }), '401 nobody')
      assert.equal(await asking({ developer })({ host: HOST, authorization: 'bearer x' }), '401 nobody')
    }
  })

  it('is refused where no key is set up to check it with', async () => {
    const ask = asking({ verifyEngine: undefined })

    assert.equal(await ask({ host: HOST, authorization: `Bearer ${token}` }), '401 nobody')
  })
})
