import { hash } from 'node:crypto'
import type { JSONWebKeySet, JWK } from 'jose'
import {
  calculateJwkThumbprint,
  createLocalJWKSet,
  errors,
  exportJWK,
  generateKeyPair,
  importJWK,
  jwtVerify,
  SignJWT,
} from 'jose'
import { PlatformError } from './errors.ts'

/** A private key as a JWK (RFC 7517). */
export type EngineKey = JWK

const ISSUER = 'mezz-engine'
const LIFE_SECONDS = 300
const CACHED_AT_MOST = 1000

/** The engine's private key as a JWK (Ed25519, RFC 8037) with its thumbprint as `kid`. */
export async function generateEngineKey(): Promise<EngineKey> {
  const { privateKey } = await generateKeyPair('EdDSA', { crv: 'Ed25519', extractable: true })
  const jwk = await exportJWK(privateKey)
  return { ...jwk, kid: await calculateJwkThumbprint(jwk) }
}

/** What functions get to check the engine's tokens with. */
export function publicKeys(keys: readonly EngineKey[]): JSONWebKeySet {
  return { keys: keys.map(({ kty, crv, x, kid }) => ({ kty, crv, x, kid, alg: 'EdDSA', use: 'sig' }) as JWK) }
}

/** Makes tokens for one audience after another; one is used again until a minute before it expires. */
export function engineTokens(key: EngineKey, now = Date.now): (audience: string) => Promise<string> {
  const made = new Map<string, { token: string; until: number }>()

  return async function tokenFor(audience) {
    const known = made.get(audience)
    if (known && known.until > now()) return known.token
    const seconds = Math.floor(now() / 1000)
    const token = await new SignJWT({})
      .setProtectedHeader({ alg: 'EdDSA', typ: 'JWT', ...(key.kid ? { kid: key.kid } : {}) })
      .setIssuer(ISSUER)
      .setAudience(audience)
      .setIssuedAt(seconds)
      .setExpirationTime(seconds + LIFE_SECONDS)
      .sign(await importJWK(key, 'EdDSA'))
    made.set(audience, { token, until: now() + (LIFE_SECONDS - 60) * 1000 })
    return token
  }
}

/** Checks the engine's tokens for one audience; a good one is remembered by its digest until it expires. Throws `unauthenticated`. */
export function engineVerifier(
  keys: JSONWebKeySet,
  audience: string,
  now = Date.now,
): (token: string) => Promise<void> {
  const keyOf = createLocalJWKSet(keys)
  const good = new Map<string, number>()

  return async function verify(token) {
    const digest = hash('sha256', token)
    if ((good.get(digest) ?? 0) > now()) return
    try {
      const { payload } = await jwtVerify(token, keyOf, {
        algorithms: ['EdDSA'],
        issuer: ISSUER,
        audience,
        typ: 'JWT',
        requiredClaims: ['exp', 'iat'],
        maxTokenAge: LIFE_SECONDS,
        clockTolerance: 30,
        currentDate: new Date(now()),
      })
      if (good.size >= CACHED_AT_MOST) good.clear()
      good.set(digest, (payload.exp ?? 0) * 1000)
    } catch (error) {
      const reason = error instanceof errors.JOSEError ? error.code : 'ERR_JWT_MALFORMED'
      throw new PlatformError('unauthenticated', `the token is not good here: ${reason}`, { cause: error })
    }
  }
}
