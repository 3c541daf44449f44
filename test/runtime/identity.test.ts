import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { AuditLine } from '../../runtime/audit.ts'
import { PlatformError } from '../../runtime/errors.ts'
import type { IdentityOptions } from '../../runtime/identity.ts'
import { authenticate } from '../../runtime/identity.ts'
import { IssuerTable } from '../../runtime/issuer-row.ts'
import { openIssuers } from '../../runtime/issuers.ts'
import { engineTokens, engineVerifier, generateEngineKey, publicKeys } from '../../runtime/token.ts'
import { bare } from './bare.ts'
import { ed25519, token as tokenOf } from './tokens.ts'

const key = await generateEngineKey()
const verifyEngine = engineVerifier(publicKeys([key]), '/default/bare')
const token = await engineTokens(key)('/default/bare')
const HOST = '127.0.0.1:8080'
/** As Hono's server for Node hands it on. */
const CONNECTION = { incoming: { socket: { remoteAddress: '10.1.2.3' } } }

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

describe('a bearer token of an issuer', () => {
  const SECONDS = Math.floor(Date.now() / 1000)
  const pair = ed25519('k')
  const rows = [{ issuer: 'i', audience: 'mezz', keys: [pair.jwk], team: 'default' }]
  const findCaller = openIssuers(IssuerTable.parse(rows), { team: 'default' })
  const claims = { iss: 'i', aud: 'mezz', sub: 'ada', scope: 'bare:use', exp: SECONDS + 600 }
  const bearer = (more: object = {}) => `Bearer ${tokenOf({ alg: 'EdDSA', kid: 'k' }, { ...claims, ...more }, pair)}`

  function setup(options: Partial<IdentityOptions> = {}) {
    const told: AuditLine[] = []
    const { app, log } = bare(
      (routes) =>
        routes
          .post('/', (c) => c.text('in'))
          .post('/locked', () => {
            throw new PlatformError('forbidden', 'nobody may')
          }),
      {
        authenticate: authenticate({
          name: 'bare',
          team: 'default',
          verifyEngine,
          findCaller,
          developer: false,
          audit: (line) => told.push(line),
          ...options,
        }),
      },
    )
    return {
      told,
      log,
      async ask(authorization: string | readonly string[] | undefined, path = '/?secret=x') {
        const headers = new Headers({ host: HOST, 'x-forwarded-for': '10.0.0.7' })
        for (const one of authorization === undefined ? [] : [authorization].flat())
          headers.append('authorization', one)
        const answer = await app.request(`http://${HOST}${path}`, { method: 'POST', headers }, CONNECTION)
        const body: unknown = answer.status === 200 ? undefined : await answer.json()
        return { status: answer.status, challenge: answer.headers.get('www-authenticate'), body }
      },
    }
  }

  it('makes its user, developer or not', async () => {
    for (const developer of [true, false]) {
      const { ask, log, told } = setup({ developer })

      assert.equal((await ask(bearer())).status, 200)
      assert.equal((await ask(bearer().replace('Bearer', 'bEARER '))).status, 200)
      assert.equal(log.at(-1)?.caller, 'user:ada')
      assert.deepEqual(told, [])
    }
  })

  it('is refused with a reason code, by which its client may know what to do', async () => {
    const { ask } = setup()

    const { status, challenge, body } = await ask(bearer({ exp: SECONDS - 600 }))

    assert.equal(status, 401)
    assert.equal(challenge, 'Bearer error="invalid_token", error_description="the token has expired"')
    assert.partialDeepStrictEqual(body, {
      code: 'unauthenticated',
      detail: 'the token has expired',
      errors: [{ pointer: '/authorization', reason: 'token_expired' }],
    })
  })

  for (const [what, authorization] of Object.entries({
    'no token behind Bearer': 'Bearer',
    'a blank behind Bearer': 'Bearer  ',
    'two tokens': `${bearer()} ${bearer().slice(7)}`,
    'two tokens with a comma': `${bearer()}, ${bearer()}`,
    'two headers': [bearer(), bearer()],
    'a good one behind another scheme': [`Bearer x`, bearer()],
    'a token in quotes': bearer().replace(/ (.*)/, ' "$1"'),
    'a token with a tab before it': bearer().replace(' ', '\t'),
    'a token with something behind': `${bearer()}=x`,
  })) {
    it(`is one and whole: ${what} is refused, a developer's too`, async () => {
      for (const developer of [true, false]) {
        const { ask, told } = setup({ developer })

        const { status } = await ask(authorization)

        assert.equal(status, 401)
        assert.equal(told[0]?.reason, 'token_malformed')
      }
    })
  }

  it('must be there where there is no developer: no error is named when nothing was sent (RFC 6750 §3.1)', async () => {
    const { ask, told } = setup()

    for (const nothing of [undefined, 'Basic eDp5', ''])
      assert.partialDeepStrictEqual(await ask(nothing), { status: 401, challenge: 'Bearer' })
    assert.deepEqual(
      told.map(({ reason }) => reason),
      ['token_missing', 'token_missing', 'token_missing'],
    )
  })

  it('must carry the scope, which is named where it does not', async () => {
    const { ask, told } = setup()

    const { status, challenge, body } = await ask(bearer({ scope: 'bare:used bare' }))

    assert.equal(status, 403)
    assert.equal(challenge, 'Bearer error="insufficient_scope", scope="bare:use"')
    assert.partialDeepStrictEqual(body, { code: 'forbidden', detail: 'this needs the scope bare:use' })
    assert.partialDeepStrictEqual(told, [{ reason: 'insufficient_scope', caller: 'default/ada', status: 403 }])
  })

  it('that is refused is told to the audit by what it says of itself, and never shown', async () => {
    const { ask, told } = setup()
    const expired = bearer({ exp: 1, sub: 's'.repeat(300) })

    await ask(expired)

    const { at, ...line } = told[0] ?? {}
    assert.ok(Math.abs(Date.parse(at ?? '') - Date.now()) < 60_000)
    assert.deepEqual(line, {
      level: 'warn',
      kind: 'audit',
      function: 'bare',
      method: 'POST',
      path: '/',
      status: 401,
      reason: 'token_expired',
      message: 'refused POST /: the token has expired',
      iss: 'i',
      sub: 's'.repeat(255),
      remote: '10.1.2.3',
      forwarded: '10.0.0.7',
    })
    assert.ok(!JSON.stringify(told).includes(expired.slice(-20)))
  })

  it('is told to the audit once, wherever it was refused', async () => {
    const { ask, told } = setup()

    await ask(bearer(), '/locked')
    await ask(bearer(), '/nowhere')

    assert.partialDeepStrictEqual(told, [{ reason: 'forbidden', path: '/locked', caller: 'default/ada' }])
    assert.equal(told.length, 1)
  })

  it('is not known yet, which is no refusal, while its issuer does not answer', async () => {
    const jwks = 'http://127.0.0.1:1/jwks'
    const down = openIssuers(IssuerTable.parse([{ issuer: 'i', audience: 'mezz', jwks, team: 'default' }]), {
      team: 'default',
    })
    const { ask, told } = setup({ findCaller: down })

    assert.partialDeepStrictEqual(await ask(bearer()), { status: 503, challenge: null, body: { code: 'unavailable' } })
    assert.deepEqual(told, [])
  })
})
