import { createDigestCache } from './digest-cache.ts'
import type { KeySet, PrivateKey } from './jwt.ts'
import { checkToken, fixedKeys, generateKey, signToken } from './jwt.ts'

export { publicKeys } from './jwt.ts'

export type EngineKey = PrivateKey

/** Who the engine's tokens are of. */
export const ENGINE_ISSUER = 'mezz-engine'
const LIFE_SECONDS = 300

/** The engine's private key as a JWK (Ed25519, RFC 8037) with its thumbprint as `kid`. */
export const generateEngineKey: () => Promise<EngineKey> = generateKey

/** Makes tokens for one audience after another; one is used again until a minute before it expires. */
export function engineTokens(key: EngineKey, now = Date.now): (audience: string) => Promise<string> {
  const made = new Map<string, { token: string; until: number }>()

  return async function tokenFor(audience) {
    const known = made.get(audience)
    if (known && known.until > now()) return known.token
    const seconds = Math.floor(now() / 1000)
    const token = await signToken(key, {
      iss: ENGINE_ISSUER,
      aud: audience,
      iat: seconds,
      exp: seconds + LIFE_SECONDS,
    })
    made.set(audience, { token, until: now() + (LIFE_SECONDS - 60) * 1000 })
    return token
  }
}

/** Checks the engine's tokens for one audience; a good one is remembered by its digest until it expires. Throws a `Refusal`. */
export function engineVerifier(keys: KeySet, audience: string, now = Date.now): (token: string) => Promise<void> {
  const find = fixedKeys(keys)
  const good = createDigestCache<true>(now)

  return async function verify(token) {
    if (good.get(token)) return
    const { exp = 0 } = await checkToken(token, find, {
      algorithms: ['EdDSA'],
      issuer: ENGINE_ISSUER,
      audience: [audience],
      types: ['jwt'],
      tolerance: 30,
      longest: LIFE_SECONDS,
      now: Math.floor(now() / 1000),
    })
    good.set(token, true, exp * 1000)
  }
}
