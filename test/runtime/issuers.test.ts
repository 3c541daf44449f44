import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type * as z from 'zod'
import { PlatformError } from '../../runtime/errors.ts'
import { IssuerTable } from '../../runtime/issuer-row.ts'
import { openIssuers } from '../../runtime/issuers.ts'
import { Refusal } from '../../runtime/refusal.ts'
import { seeded } from '../seeded.ts'
import { ed25519, encoded, hmac, p256, rsa, token } from './tokens.ts'

const NOW = Date.UTC(2026, 0, 1)
const SECONDS = NOW / 1000
const SECRET = 'a secret of a service that is long enough'

const first = rsa('first')
const second = rsa('second')
const curve = p256('curve')
const stranger = rsa('first')
const head = { alg: 'RS256', typ: 'JWT', kid: 'first' }
const good = {
  iss: 'https://id.example/realms/a',
  aud: 'mezz',
  sub: 'ada',
  scope: 'datasets:write models:predict',
  iat: SECONDS,
  exp: SECONDS + 3600,
}
const row = {
  issuer: good.iss,
  audience: 'mezz',
  keys: { keys: [first.jwk, second.jwk, curve.jwk] },
  team: 'default',
}

type Given = z.input<typeof IssuerTable>[number]

function open(rows: readonly Given[] = [row], now: () => number = () => NOW) {
  return openIssuers(IssuerTable.parse(rows), { team: 'default', now })
}

function refusedAs(reason: string) {
  return (error: unknown) => {
    assert.ok(error instanceof Refusal, String(error))
    assert.equal(error.reason, reason, String(error.cause))
    return true
  }
}

describe('the tokens of an issuer', () => {
  it('say who calls, what they may, and of which team', async () => {
    assert.deepEqual(await open()(token(head, good, first)), {
      kind: 'user',
      team: 'default',
      id: 'ada',
      type: 'user',
      scopes: ['datasets:write', 'models:predict'],
    })
  })

  it('are good by any of its keys, and by another algorithm that is allowed', async () => {
    const find = open()

    assert.equal((await find(token({ ...head, kid: 'second' }, good, second))).id, 'ada')
    assert.equal((await find(token({ alg: 'ES256', kid: 'curve' }, good, curve))).id, 'ada')
  })

  it('are good by a key without a name among several', async () => {
    const keys = [first, second].map(({ jwk: { kid: _, ...jwk } }) => jwk)
    const find = open([{ ...row, keys }])

    assert.equal((await find(token({ alg: 'RS256' }, good, second))).id, 'ada')
    await assert.rejects(find(token({ alg: 'RS256' }, good, stranger)), refusedAs('token_signature'))
  })

  it('are good by a key that is given as PEM', async () => {
    const key = ed25519('')

    assert.equal((await open([{ ...row, keys: [key.pem] }])(token({ alg: 'EdDSA' }, good, key))).id, 'ada')
  })

  // RFC 8725 (JSON Web Token Best Current Practices): §2.1 and §3.1 algorithms, §2.2 weak secrets, §3.3 to §3.12.
  const pem = first.pem
  const modulus = Buffer.from(first.jwk.n ?? '', 'base64url')
  for (const [what, text, reason] of [
    ['without a signature (alg none)', `${encoded({ ...head, alg: 'none' })}.${encoded(good)}.`, 'token_algorithm'],
    ['that says nOnE', `${encoded({ ...head, alg: 'nOnE' })}.${encoded(good)}.`, 'token_algorithm'],
    ['that says none and is signed', token({ ...head, alg: 'none' }, good, first), 'token_algorithm'],
    ['without alg', token({ typ: 'JWT', kid: 'first' }, good, first), 'token_malformed'],
    ['whose alg is a list', token({ ...head, alg: ['RS256'] }, good, first), 'token_malformed'],
    ['of HS256 with the RSA key in PEM as its secret', hmac({ ...head, alg: 'HS256' }, good, pem), 'token_algorithm'],
    ['of HS256 with that PEM, trimmed', hmac({ ...head, alg: 'HS256' }, good, pem.trim()), 'token_algorithm'],
    ['of HS256 with the JWK', hmac({ ...head, alg: 'HS256' }, good, JSON.stringify(first.jwk)), 'token_algorithm'],
    ['of HS256 with the modulus', hmac({ ...head, alg: 'HS256' }, good, modulus), 'token_algorithm'],
    ['of HS256 with an empty secret', hmac({ ...head, alg: 'HS256' }, good, ''), 'token_algorithm'],
    ['of an algorithm that nobody has', token({ ...head, alg: 'XX256' }, good, first), 'token_algorithm'],
    ['that is encrypted to us', `${encoded({ alg: 'RSA-OAEP', enc: 'A256GCM' })}.a.b.c.d`, 'token_malformed'],
    ['of another kind of key than its alg', token({ ...head, kid: 'curve' }, good, first), 'token_key'],
    ['of a stranger who names our key', token(head, good, stranger), 'token_signature'],
    ['of a key that is not known', token({ ...head, kid: 'third' }, good, stranger), 'token_key'],
    ['whose kid is a path', token({ ...head, kid: '../../../../dev/null' }, good, stranger), 'token_key'],
    ['whose kid is SQL', token({ ...head, kid: "x' UNION SELECT 'secret" }, good, stranger), 'token_key'],
    ['whose kid is a URL', token({ ...head, kid: 'http://evil.example/key' }, good, stranger), 'token_key'],
    ['whose kid is of the prototype', token({ ...head, kid: '__proto__' }, good, stranger), 'token_key'],
    ['whose kid is a number', token({ ...head, kid: 1 }, good, stranger), 'token_key'],
    ['whose kid is empty', token({ ...head, kid: '' }, good, stranger), 'token_key'],
    ['with its key inside (jwk)', token({ ...head, jwk: stranger.jwk }, good, stranger), 'token_signature'],
    ['with its key inside alone', token({ alg: 'RS256', jwk: stranger.jwk, kid: 'x' }, good, stranger), 'token_key'],
    ['that names a key set (jku)', token({ ...head, jku: 'http://127.0.0.1:9/' }, good, stranger), 'token_signature'],
    [
      'that names a certificate (x5u)',
      token({ ...head, x5u: 'http://127.0.0.1:9/' }, good, stranger),
      'token_signature',
    ],
    ['with its certificate inside (x5c)', token({ ...head, x5c: ['MIIB'] }, good, stranger), 'token_signature'],
    ['that asks for an extension (crit)', token({ ...head, crit: ['x'], x: 1 }, good, first), 'token_unsupported'],
    ['that asks for no extension (crit)', token({ ...head, crit: [] }, good, first), 'token_malformed'],
    ['that is not encoded (b64)', token({ ...head, crit: ['b64'], b64: false }, good, first), 'token_malformed'],
    ['of another kind (typ)', token({ ...head, typ: 'logout+jwt' }, good, first), 'token_type'],
    ['that has expired', token(head, { ...good, exp: SECONDS - 31 }, first), 'token_expired'],
    ['that never expires', token(head, { ...good, exp: undefined }, first), 'token_claim'],
    ['that expires in words', token(head, { ...good, exp: '2099-01-01' }, first), 'token_claim'],
    ['that is not good yet (nbf)', token(head, { ...good, nbf: SECONDS + 31 }, first), 'token_not_yet_valid'],
    ['of the future (iat)', token(head, { ...good, iat: SECONDS + 31 }, first), 'token_not_yet_valid'],
    ['for another audience', token(head, { ...good, aud: 'account' }, first), 'token_audience'],
    ['for other audiences', token(head, { ...good, aud: ['account', 'mezz2'] }, first), 'token_audience'],
    ['for nobody', token(head, { ...good, aud: undefined }, first), 'token_audience'],
    ['for an audience that is no text', token(head, { ...good, aud: { mezz: true } }, first), 'token_audience'],
    ['of another issuer', token(head, { ...good, iss: 'https://evil.example' }, first), 'token_issuer'],
    ['of an issuer but for its slash', token(head, { ...good, iss: `${good.iss}/` }, first), 'token_issuer'],
    ['of several issuers', token(head, { ...good, iss: [good.iss] }, first), 'token_issuer'],
    ['of no issuer', token(head, { ...good, iss: undefined }, first), 'token_issuer'],
    ['of the engine', token(head, { ...good, iss: 'mezz-engine' }, first), 'token_issuer'],
    ['of nobody (sub)', token(head, { ...good, sub: undefined }, first), 'token_claim'],
    ['of an empty user', token(head, { ...good, sub: '' }, first), 'token_claim'],
    ['of a user with a line feed', token(head, { ...good, sub: 'ada\nroot' }, first), 'token_claim'],
    ['of a user that is a list', token(head, { ...good, sub: ['ada'] }, first), 'token_claim'],
    ['of a user of 256 letters', token(head, { ...good, sub: 'a'.repeat(256) }, first), 'token_claim'],
    ['whose claims were changed', changed(token(head, good, first)), 'token_signature'],
    ['whose signature was cut', token(head, good, first).slice(0, -4), 'token_signature'],
    ['whose claims are a list', token(head, [good], first), 'token_malformed'],
    ['whose claims are no JSON', `${encoded(head)}.${Buffer.from('{').toString('base64url')}.AAAA`, 'token_malformed'],
    ['garbage', 'garbage', 'token_malformed'],
    ['of empty parts', '..', 'token_malformed'],
    ['of two parts', token(head, good, first).split('.').slice(0, 2).join('.'), 'token_malformed'],
    ['of four parts', `${token(head, good, first)}.x`, 'token_malformed'],
    ['of no letters', '', 'token_malformed'],
    ['with blanks in it', token(head, good, first).replace('.', ' .'), 'token_signature'],
    ['of one megabyte', 'a'.repeat(1e6), 'token_too_large'],
    ['of one megabyte that is signed', token(head, { ...good, more: 'a'.repeat(1e6) }, first), 'token_too_large'],
  ] as const) {
    it(`are refused: one ${what}`, async () => {
      const find = open()

      await assert.rejects(find(text), refusedAs(reason))
      await assert.rejects(find(text), refusedAs(reason))
    })
  }

  it('may be half a minute old or new beyond their times, since clocks differ; the row says how much', async () => {
    const late = token(head, { ...good, exp: SECONDS - 29, nbf: SECONDS + 29, iat: SECONDS + 29 }, first)

    assert.equal((await open()(late)).id, 'ada')
    await assert.rejects(open([{ ...row, tolerance: 0 }])(late), refusedAs('token_not_yet_valid'))
  })

  it('have any of the audiences of the row, among others', async () => {
    const find = open([{ ...row, audience: ['a', 'b'] }])

    assert.equal((await find(token(head, { ...good, aud: ['x', 'b'] }, first))).id, 'ada')
    await assert.rejects(find(token(head, good, first)), refusedAs('token_audience'))
  })

  it('may be of the kinds JWT, at+jwt and none; the row may want one', async () => {
    for (const typ of ['JWT', 'jwt', 'at+jwt', 'application/at+jwt', undefined])
      assert.equal((await open()(token({ ...head, typ }, good, first))).id, 'ada')
    const strict = open([{ ...row, typ: 'at+JWT' }])

    assert.equal((await strict(token({ ...head, typ: 'at+jwt' }, good, first))).id, 'ada')
    for (const typ of ['JWT', undefined])
      await assert.rejects(strict(token({ ...head, typ }, good, first)), refusedAs('token_type'))
  })

  it('are good by HS256 where their row says so, and by no other algorithm there', async () => {
    const shared = { ...row, keys: undefined, secret: SECRET, algorithms: ['HS256' as const] }
    const find = open([shared])

    assert.equal((await find(hmac({ alg: 'HS256' }, good, SECRET))).id, 'ada')
    await assert.rejects(find(hmac({ alg: 'HS256' }, good, `${SECRET} `)), refusedAs('token_signature'))
    await assert.rejects(find(token(head, good, first)), refusedAs('token_algorithm'))
    await assert.rejects(find(hmac({ alg: 'none' }, good, SECRET)), refusedAs('token_algorithm'))
  })
})

it('a token that was damaged is refused, or says what it said: nothing breaks by it', async () => {
  const find = open()
  const text = token(head, good, first)
  const caller = await open()(text)
  const random = seeded(8725)
  const letters = 'AZaz09-_.+/= "\\\0\u00ff{}'
  let refused = 0

  for (let count = 0; count < 3000; count++) {
    const [from = 0, to = 0] = [random(), random()]
      .map((one) => Math.floor(one * text.length))
      .toSorted((a, b) => a - b)
    const letter = letters.charAt(Math.floor(random() * letters.length))
    const damaged =
      random() < 0.5 ? text.slice(0, from) + letter + text.slice(from + 1) : text.slice(0, from) + text.slice(to)
    const said: unknown = await find(damaged).catch((error: unknown) => error)
    if (said instanceof Refusal) refused++
    // Base64 has bits at its end that say nothing.
    else assert.deepEqual(said, caller, damaged)
  }
  assert.ok(refused > 2900, `${refused} refused`)
})

describe('several issuers', () => {
  const django = {
    issuer: null,
    audience: null,
    secret: SECRET,
    algorithms: ['HS256' as const],
    claims: { user: 'user_id' },
    require: { token_type: 'access' },
    team: 'default',
    scopes: ['models:predict'],
    prefix: 'shop:',
  }
  const access = { token_type: 'access', user_id: 7, exp: SECONDS + 300, jti: 'x' }
  const byDjango = (claims: object, secret = SECRET): string => hmac({ alg: 'HS256', typ: 'JWT' }, claims, secret)

  it('each have their own: one whose tokens name no issuer takes no token of the other', async () => {
    const find = open([row, django])

    assert.equal((await find(token(head, good, first))).id, 'ada')
    assert.deepEqual(await find(byDjango(access)), {
      kind: 'user',
      team: 'default',
      id: 'shop:7',
      type: 'user',
      scopes: ['models:predict'],
    })
    await assert.rejects(find(byDjango({ ...access, iss: good.iss, aud: 'mezz' })), refusedAs('token_algorithm'))
    await assert.rejects(find(token(head, access, first)), refusedAs('token_algorithm'))
    await assert.rejects(find(byDjango({ ...access, token_type: 'refresh' })), refusedAs('token_claim'))
    await assert.rejects(find(byDjango({ ...access, token_type: undefined })), refusedAs('token_claim'))
  })

  it('may share a name: what says most of why is told when none takes it', async () => {
    const other = 'another secret that is long enough, too'
    const find = open([{ ...django, secret: other, prefix: 'office:' }, django])

    assert.equal((await find(byDjango(access))).id, 'shop:7')
    assert.equal((await find(byDjango(access, other))).id, 'office:7')
    await assert.rejects(find(byDjango({ ...access, exp: SECONDS - 60 })), refusedAs('token_expired'))
    await assert.rejects(find(byDjango(access, 'neither of the two secrets')), refusedAs('token_signature'))
  })
})

describe('a token that was good', () => {
  it('is good until it expires and not longer', async () => {
    let now = NOW
    const find = open([{ ...row, tolerance: 0 }], () => now)
    const text = token(head, good, first)
    await find(text)

    now = NOW + 3_599_000
    await find(text)
    now = NOW + 3_600_000
    await assert.rejects(find(text), refusedAs('token_expired'))
  })

  it('is not checked again for ten minutes', async () => {
    let now = NOW
    const find = open([row], () => now)
    const text = token(head, good, first)
    const caller = await find(text)

    assert.equal(await find(text), caller)
    now = NOW + 600_000
    assert.notEqual(await find(text), caller)
    assert.deepEqual(await find(text), caller)
  })

  it('says nothing of one that differs in a letter', async () => {
    const find = open()
    const text = token(head, good, first)
    await find(text)

    await assert.rejects(find(changed(text)), refusedAs('token_signature'))
  })
})

it('a caller of another team is known and not allowed', async () => {
  const find = openIssuers(IssuerTable.parse([row]), { team: 'other', now: () => NOW })

  await assert.rejects(find(token(head, good, first)), (error: unknown) => {
    assert.ok(error instanceof PlatformError)
    assert.equal(error.code, 'forbidden')
    return refusedAs('other_team')(error)
  })
})

/** The same token with one letter of its claims changed. */
function changed(text: string): string {
  const [head = '', claims = '', signature = ''] = text.split('.')
  const others = JSON.parse(Buffer.from(claims, 'base64url').toString())
  return `${head}.${encoded({ ...others, sub: 'eve' })}.${signature}`
}
