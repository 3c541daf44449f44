import assert from 'node:assert/strict'
import { createHmac, createPrivateKey, sign } from 'node:crypto'
import { describe, it } from 'node:test'
import type { EngineKey } from '../../runtime/token.ts'
import { engineTokens, engineVerifier, generateEngineKey, publicKeys } from '../../runtime/token.ts'

const AUDIENCE = '/default/infer'
const NOW = Date.UTC(2026, 0, 1)
const SECONDS = NOW / 1000

const key = await generateEngineKey()
const keys = publicKeys([key])
const good = { iss: 'mezz-engine', aud: AUDIENCE, iat: SECONDS, exp: SECONDS + 300 }
const header = { alg: 'EdDSA', typ: 'JWT', kid: key.kid }
const unauthenticated = { code: 'unauthenticated' }

describe("the engine's token", () => {
  it('is good for its audience', async () => {
    const verify = engineVerifier(keys, AUDIENCE, () => NOW)

    await verify(await engineTokens(key, () => NOW)(AUDIENCE))
    await verify(token(header, good))
  })

  // RFC 8725 (JSON Web Token Best Current Practices) §3.1, §3.2, §3.9 and §3.11 among them.
  for (const [what, text] of Object.entries({
    'without a signature (alg none)': `${encoded({ ...header, alg: 'none' })}.${encoded(good)}.`,
    'that says none and is signed': token({ ...header, alg: 'none' }, good),
    'of HS256 with the public key as its secret': hmac({ ...header, alg: 'HS256' }, good, JSON.stringify(keys.keys[0])),
    "of HS256 with the public key's bytes": hmac(
      { ...header, alg: 'HS256' },
      good,
      Buffer.from(key.x ?? '', 'base64url'),
    ),
    'of another kind (typ)': token({ ...header, typ: 'at+jwt' }, good),
    'without a kind': token({ alg: 'EdDSA', kid: key.kid }, good),
    'of a key that is not known': token({ ...header, kid: 'other' }, good),
    'with its key inside (jwk)': token({ ...header, kid: 'other', jwk: keys.keys[0] }, good),
    'that asks for an extension (crit)': token({ ...header, crit: ['b64'], b64: false }, good),
    'for another function': token(header, { ...good, aud: '/default/train' }),
    'for another team': token(header, { ...good, aud: '/other/infer' }),
    'for nobody': token(header, { ...good, aud: undefined }),
    'of another issuer': token(header, { ...good, iss: 'mezz' }),
    'that has expired': token(header, { ...good, iat: SECONDS - 400, exp: SECONDS - 60 }),
    'that never expires': token(header, { ...good, exp: undefined }),
    'that lives longer than the engine lets one live': token(header, {
      ...good,
      iat: SECONDS - 400,
      exp: SECONDS + 9e6,
    }),
    'of the future (iat)': token(header, { ...good, iat: SECONDS + 60 }),
    'that is not good yet (nbf)': token(header, { ...good, nbf: SECONDS + 60 }),
    'whose claims were changed': changed(token(header, good)),
    'whose signature was cut': token(header, good).slice(0, -4),
    garbage: 'garbage',
    'of empty parts': '..',
    'of five parts': 'a.b.c.d.e',
    'of one megabyte': 'a'.repeat(1e6),
    'of one megabyte that is signed': token(header, { ...good, aud: '/other/infer', more: 'a'.repeat(1e6) }),
  })) {
    it(`is refused: one ${what}`, async () => {
      const verify = engineVerifier(keys, AUDIENCE, () => NOW)

      await assert.rejects(verify(text), unauthenticated)
      await assert.rejects(verify(text), unauthenticated)
    })
  }

  it('may be half a minute old or new beyond its times, since clocks differ', async () => {
    await engineVerifier(keys, AUDIENCE, () => NOW)(token(header, { ...good, iat: SECONDS + 20, nbf: SECONDS + 20 }))
    await engineVerifier(keys, AUDIENCE, () => NOW + 320_000)(token(header, good))
  })

  it('is remembered until it expires and not longer', async () => {
    let now = NOW
    const verify = engineVerifier(keys, AUDIENCE, () => now)
    const text = await engineTokens(key, () => NOW)(AUDIENCE)
    await verify(text)

    now = NOW + 299_000
    await verify(text)
    now = NOW + 331_000
    await assert.rejects(verify(text), unauthenticated)
  })

  it('of the next key is taken while the last one is still good', async () => {
    const next = await generateEngineKey()
    const overlap = engineVerifier(publicKeys([key, next]), AUDIENCE, () => NOW)

    await overlap(await engineTokens(key, () => NOW)(AUDIENCE))
    await overlap(await engineTokens(next, () => NOW)(AUDIENCE))

    const after = engineVerifier(publicKeys([next]), AUDIENCE, () => NOW)
    await assert.rejects(after(await engineTokens(key, () => NOW)(AUDIENCE)), unauthenticated)
  })

  it('is made anew a minute before it expires, and one for each audience', async () => {
    let now = NOW
    const tokenFor = engineTokens(key, () => now)
    const first = await tokenFor(AUDIENCE)

    assert.equal(await tokenFor(AUDIENCE), first)
    assert.notEqual(await tokenFor('/default/train'), first)
    now += 241_000
    assert.notEqual(await tokenFor(AUDIENCE), first)
  })

  it('is checked with what tells nothing of the private key', () => {
    assert.deepEqual(Object.keys(keys.keys[0] ?? {}).sort(), ['alg', 'crv', 'kid', 'kty', 'use', 'x'])
  })
})

function token(head: object, claims: object, by: EngineKey = key): string {
  const text = `${encoded(head)}.${encoded(claims)}`
  const secret = createPrivateKey({ key: { ...by }, format: 'jwk' })
  return `${text}.${sign(null, Buffer.from(text), secret).toString('base64url')}`
}

function hmac(head: object, claims: object, secret: string | Buffer): string {
  const text = `${encoded(head)}.${encoded(claims)}`
  return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`
}

function changed(text: string): string {
  const [head = '', , signature = ''] = text.split('.')
  return `${head}.${encoded({ ...good, exp: SECONDS + 299 })}.${signature}`
}

function encoded(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}
