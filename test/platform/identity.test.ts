import assert from 'node:assert/strict'
import { once } from 'node:events'
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import type { Server } from 'node:http'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import * as z from 'zod'
import { ed25519, hmac, rsa, token } from '../runtime/tokens.ts'
import { eventually } from './eventually.ts'
import { runMezz } from './mezz.ts'
import type { Dev } from './mezz-dev.ts'
import { startDev } from './mezz-dev.ts'

const SECRET = 'a secret of a service that is long enough'
const key = rsa('one')
const now = Math.floor(Date.now() / 1000)
const good = {
  iss: 'https://id.example',
  aud: 'mezz',
  sub: 'ada',
  groups: ['default', 'staff'],
  scope: 'datasets:write models:write views:write who:ask platform:read',
  exp: now + 3600,
}

const Problem = z.object({ code: z.string(), errors: z.array(z.object({ reason: z.string() })) })
const Audit = z.looseObject({ kind: z.literal('audit'), function: z.string(), reason: z.string() })
const Logs = z.object({ items: z.array(z.object({ line: z.string() })) })
const Flows = z.object({
  items: z.array(
    z.object({ steps: z.array(z.object({ event: z.string(), authtype: z.string(), authid: z.string() })) }),
  ),
})
const Who = z.object({
  environment: z.record(z.string(), z.string()),
  last: z.object({ type: z.string(), authtype: z.string(), authid: z.string() }).nullable(),
})

function bearer(more: object = {}, by = key): string {
  return `Bearer ${token({ alg: by.jwk.kty === 'RSA' ? 'RS256' : 'EdDSA', typ: 'JWT', kid: by.kid }, { ...good, ...more }, by)}`
}

function bySimpleJwt(claims: object): string {
  return `Bearer ${hmac({ alg: 'HS256', typ: 'JWT' }, { token_type: 'access', exp: now + 3600, ...claims }, SECRET)}`
}

describe('a platform with issuers', () => {
  const root = mkdtempSync(join(tmpdir(), 'mezz-identity-'))
  let issuer: Server
  let dev: Dev
  /** The same function by the gateway, on its own port; a program; the platform itself. */
  let doors: Readonly<Record<string, string>> = {}
  before(async () => {
    issuer = createServer((_, response) => response.end(JSON.stringify({ keys: [key.jwk] }))).listen(0, '127.0.0.1')
    await once(issuer, 'listening')
    const { port } = issuer.address() as AddressInfo // it listens on TCP
    cpSync('test/platform/identity', root, { recursive: true })
    const rows = [
      { issuer: good.iss, audience: 'mezz', jwks: `http://127.0.0.1:${port}/`, claims: { team: 'groups' } },
      {
        issuer: null,
        audience: null,
        secret: SECRET,
        algorithms: ['HS256'],
        claims: { user: 'user_id' },
        require: { token_type: 'access' },
        team: 'default',
        scopes: ['datasets:write'],
        prefix: 'shop:',
        type: 'service_account',
      },
    ]
    dev = await startDev({
      data: join(root, '.mezz'),
      folder: root,
      env: { MEZZ_ISSUERS: JSON.stringify(rows), MEZZ_TOKEN: '' },
    })
    const answer = await fetch(`${dev.url}/default/train/pipelines`, { headers: { authorization: bearer() } })
    assert.equal(answer.status, 200, await answer.text())
    const pid = /-(\d+)$/.exec(answer.headers.get('x-mezz-process') ?? '')?.[1]
    const own = /PORT=(\d+)/.exec(readFileSync(`/proc/${pid}/environ`, 'utf8').replaceAll('\0', '\n'))?.[1]
    doors = {
      'the gateway': `${dev.url}/default/train/pipelines`,
      "the function's own port": `http://127.0.0.1:${own}/pipelines`,
      'the platform itself': `${dev.url}/_mezz/status`,
      'a program': `${dev.url}/default/who/`,
    }
  })
  after(async () => {
    issuer.close()
    const code = await dev.stop()
    rmSync(root, { recursive: true, force: true })
    assert.equal(code, 0)
  })

  for (const door of ['the gateway', "the function's own port", 'the platform itself', 'a program']) {
    it(`knows who calls: ${door}`, async () => {
      const asked = await fetch(doors[door] ?? '', { headers: { authorization: bearer() } })

      assert.equal(asked.status, 200, await asked.text())
    })

    for (const [what, authorization, status, reason] of [
      ['nobody', undefined, 401, 'token_missing'],
      ['an expired token', bearer({ exp: now - 3600 }), 401, 'token_expired'],
      ['a token for another audience', bearer({ aud: 'account' }), 401, 'token_audience'],
      ['a token of a stranger', bearer({}, rsa('one')), 401, 'token_signature'],
      ['a token of an unknown key', bearer({}, ed25519('two')), 401, 'token_key'],
      ['a token of another scope', bearer({ scope: 'models:predict' }), 403, 'insufficient_scope'],
      ['a token of another team', bearer({ groups: ['staff'] }), 403, 'other_team'],
    ] as const) {
      it(`refuses ${what}: ${door}`, async () => {
        const asked = await fetch(doors[door] ?? '', { headers: authorization ? { authorization } : {} })

        assert.equal(asked.status, status)
        const { errors } = Problem.parse(await asked.json())
        assert.equal(errors[0]?.reason, reason)
        const challenge = asked.headers.get('www-authenticate') ?? ''
        if (status === 401) assert.match(challenge, authorization ? /^Bearer error="invalid_token"/ : /^Bearer$/)
        if (reason === 'insufficient_scope')
          assert.match(challenge, /^Bearer error="insufficient_scope", scope="(models:write|platform:read|who:ask)"$/)
      })
    }
  }

  it('takes no event from outside by who may only read, and none at all from who cannot say who it is', async () => {
    const send = (authorization: string) =>
      fetch(`${dev.url}/_mezz/events`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/cloudevents+json', authorization },
        body: JSON.stringify({ specversion: '1.0', type: 'test.said.v1', data: { word: 'x' } }),
      })

    assert.equal((await send(bearer())).status, 403)
    assert.equal((await send('')).status, 401)
    assert.equal((await send(bearer({ sub: 'sender', scope: 'platform:write' }))).status, 202)
  })

  it('tells the audit of each refusal once, with the function, the reason and what the token says of itself', async () => {
    const mark = `mark-${process.pid}`
    for (const url of Object.values(doors))
      await fetch(url, { headers: { authorization: bearer({ sub: mark, exp: now - 3600 }) } })

    const lines = await eventually('four lines', async () => {
      const { items } = Logs.parse(await read('/_mezz/logs?limit=10000'))
      const lines = items.map(({ line }) => line).filter((line) => line.includes(mark))
      return lines.length >= 4 && lines.map((line) => Audit.parse(JSON.parse(line)))
    })

    assert.deepEqual(
      lines.map(({ function: name, reason, sub, iss, remote }) => [name, reason, sub, iss, remote]).toSorted(),
      ['gateway', 'mezz', 'train', 'train'].map((name) => [name, 'token_expired', mark, good.iss, '127.0.0.1']),
    )
  })

  for (const [user, authtype, authorization] of [
    ['default/eve', 'user', bearer({ sub: 'eve' })],
    ['default/shop:7', 'service_account', bySimpleJwt({ user_id: 7 })],
  ] as const) {
    it(`names the ${authtype} in every event of a chain that a request began, and in its flow run`, async () => {
      const name = `by-${authtype.slice(0, 4)}`
      const stored = await fetch(`${dev.url}/default/ingest/datasets?name=${name}`, {
        method: 'POST',
        headers: { 'Content-Type': 'text/csv', authorization },
        body: 'a,b\n1,2\n3,4\n',
      })
      assert.equal(stored.status, 201, await stored.text())

      const flow = await eventually(`the flow run of ${name}`, async () => {
        const { items } = Flows.parse(await read('/_mezz/flows'))
        return items.find(({ steps }) =>
          steps.some(({ event, authid }) => event === 'mezz.features.extracted.v1' && authid === user),
        )
      })
      assert.ok(flow.steps.some(({ event }) => event === 'mezz.dataset.ingested.v1'))
      assert.deepEqual(
        [...new Set(flow.steps.map((step) => `${step.authtype} ${step.authid}`))],
        [`${authtype} ${user}`],
      )
      const { last } = await eventually('the delivery', async () => {
        const who = Who.parse(await read('/default/who/'))
        return who.last?.authid === user && who
      })
      assert.deepEqual(last, { type: 'mezz.dataset.ingested.v1', authtype, authid: user })
    })
  }

  it("takes tokens of the laptop's own issuer, which the commands show", async () => {
    const mezz = (args: readonly string[], env: Record<string, string> = {}) =>
      runMezz(args, { cwd: root, env: { MEZZ_TOKEN: '', ...env } })
    const all = (await mezz(['token', '--user', 'grace'])).out.trim()
    const some = (await mezz(['token', '--scope', 'models:predict'])).out.trim()
    const none = (await mezz(['token', '--audience', 'elsewhere'])).out.trim()

    const refused = await mezz(['list'])
    assert.equal(refused.code, 1)
    assert.match(refused.error, /send a bearer token\n.*set MEZZ_TOKEN to one: mezz token/s)
    const listed = await mezz(['list'], { MEZZ_TOKEN: all })
    assert.equal(listed.code, 0, listed.error)
    assert.match((await mezz(['list'], { MEZZ_TOKEN: some })).error, /this needs the scope platform:read/)
    assert.match((await mezz(['list'], { MEZZ_TOKEN: none })).error, /for another audience/)
    const sent = await mezz(['send', 'test.said.v1', '-d', '{"word": "hello"}'], { MEZZ_TOKEN: all })
    assert.equal(sent.code, 0, sent.error)
    await eventually('the delivery', async () => {
      const answer = await mezz(['invoke', 'who'], { MEZZ_TOKEN: all })
      const { last } = Who.parse(JSON.parse(answer.out))
      return last?.type === 'test.said.v1' && last.authid === 'default/grace'
    })
    assert.match((await mezz(['flows', sent.out.trim()], { MEZZ_TOKEN: all })).out, /by user default\/grace\n/)
  })

  it('makes no token where no mezz dev was, nor for no time', async () => {
    const mezz = (...args: readonly string[]) => runMezz(['token', ...args], { cwd: root })

    const elsewhere = await mezz('--data', join(root, 'functions'))
    assert.deepEqual([elsewhere.code, elsewhere.out], [1, ''])
    assert.match(elsewhere.error, /functions is no data folder that a mezz dev has used/)
    for (const wrong of [['--expires', '0'], ['--expires', 'soon'], ['--user', ''], ['ada']]) {
      const { code, out } = await mezz(...wrong)
      assert.deepEqual([code, out], [2, ''])
    }
  })

  it('gives a program nothing to make tokens with', async () => {
    const { environment } = Who.parse(await read('/default/who/'))

    assert.ok(environment['MEZZ_GUARD'])
    assert.doesNotMatch(JSON.stringify(environment), /MEZZ_ISSUERS|MEZZ_TOKEN|a secret/)
  })

  it('is not troubled by a token of one megabyte', async () => {
    const authorization = `Bearer ${'a'.repeat(1e6)}`

    for (const [door, url] of Object.entries(doors)) {
      const status = await fetch(url, { headers: { authorization } }).then(
        (answer) => answer.status,
        // The connection may be closed before all of it went out.
        () => 413,
      )
      assert.ok([413, 431].includes(status), `${door} answered ${status}`)
      assert.equal((await fetch(url, { headers: { authorization: bearer() } })).status, 200)
    }
  })

  async function read(path: string): Promise<unknown> {
    const answer = await fetch(`${dev.url}${path}`, { headers: { authorization: bearer() } })
    return answer.json()
  }
})
