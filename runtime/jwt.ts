import type { JSONWebKeySet, JWK, JWTPayload, JWTVerifyGetKey } from 'jose'
import {
  calculateJwkThumbprint,
  createLocalJWKSet,
  createRemoteJWKSet,
  decodeJwt,
  errors,
  exportJWK,
  generateKeyPair,
  importJWK,
  jwtVerify,
  SignJWT,
} from 'jose'
import { PlatformError } from './errors.ts'
import type { TokenFault } from './refusal.ts'
import { Refusal } from './refusal.ts'

/** A private key as a JWK (RFC 7517). */
export type PrivateKey = JWK
/** Public keys: a JWK set (RFC 7517). */
export type KeySet = JSONWebKeySet
export type Claims = JWTPayload
/** Finds the key that a token names. */
export type FindKey = JWTVerifyGetKey

/** What a token must say. Times in seconds. */
export interface Rules {
  readonly algorithms: readonly string[]
  /** `null`: it must name none. */
  readonly issuer: string | null
  /** One of these; `null`: whatever it names. */
  readonly audience: readonly string[] | null
  /** Allowed `typ`, in lower case; `null` stands for none. */
  readonly types: readonly (string | null)[]
  readonly tolerance: number
  /** From `iat` on; without it a token lives as long as it says. */
  readonly longest?: number
  readonly now: number
}

/** A new Ed25519 key (RFC 8037) with its thumbprint as `kid`. */
export async function generateKey(): Promise<PrivateKey> {
  const { privateKey } = await generateKeyPair('EdDSA', { crv: 'Ed25519', extractable: true })
  const jwk = await exportJWK(privateKey)
  return { ...jwk, kid: await calculateJwkThumbprint(jwk) }
}

/** What tokens of Ed25519 keys are checked with. */
export function publicKeys(keys: readonly PrivateKey[]): KeySet {
  return { keys: keys.map(({ kty, crv, x, kid }) => ({ kty, crv, x, kid, alg: 'EdDSA', use: 'sig' }) as JWK) }
}

/** A signed token of an Ed25519 key. */
export async function signToken(key: PrivateKey, claims: Claims): Promise<string> {
  return new SignJWT(claims)
    .setProtectedHeader({ alg: 'EdDSA', typ: 'JWT', ...(key.kid ? { kid: key.kid } : {}) })
    .sign(await importJWK(key, 'EdDSA'))
}

/** The claims of a good token; throws a `Refusal`, or what finding its key threw. */
export async function checkToken(token: string, find: FindKey, rules: Rules): Promise<Claims> {
  const { algorithms, issuer, audience, types, tolerance, longest, now } = rules
  try {
    const { payload, protectedHeader } = await verify(token, find, {
      algorithms: [...algorithms],
      ...(issuer === null ? {} : { issuer }),
      ...(audience === null ? {} : { audience: [...audience] }),
      ...(longest === undefined ? {} : { maxTokenAge: longest }),
      requiredClaims: ['exp'],
      clockTolerance: tolerance,
      currentDate: new Date(now * 1000),
    })
    if (!types.includes(protectedHeader.typ?.toLowerCase().replace(/^application\//, '') ?? null))
      throw Refusal.token('token_type')
    if (issuer === null && payload.iss !== undefined) throw Refusal.token('token_issuer')
    if ((payload.iat ?? 0) > now + tolerance) throw Refusal.token('token_not_yet_valid')
    return payload
  } catch (error) {
    if (error instanceof PlatformError) throw error
    throw Refusal.token(faultOf(error), error)
  }
}

/** What a token says of itself, which nobody has checked; `null` where it is no token. */
export function unchecked(token: string): Claims | null {
  try {
    return decodeJwt(token)
  } catch {
    return null
  }
}

export function fixedKeys(keys: KeySet): FindKey {
  return createLocalJWKSet(keys)
}

/** Keys behind a URL: fetched when told, and kept until then. */
export interface FetchedKeys {
  readonly find: FindKey
  has(): boolean
  /** Rejects when they could not be had, and keeps what it had. */
  fetch(): Promise<void>
}

/** The keys that this URL serves; a fetch waits so many milliseconds at most. */
export function fetchedKeys(url: string, timeout: number): FetchedKeys {
  const set = createRemoteJWKSet(new URL(url), {
    timeoutDuration: timeout,
    cacheMaxAge: Number.POSITIVE_INFINITY,
    cooldownDuration: Number.POSITIVE_INFINITY,
  })
  return { find: set, has: () => set.jwks() !== undefined, fetch: () => set.reload() }
}

/** Whether a key was asked for that the set does not hold. */
export function isUnknownKey(error: unknown): boolean {
  return error instanceof errors.JWKSNoMatchingKey
}

/** Where several keys fit, as in a set without `kid`, any of them may have signed it. */
async function verify(token: string, find: FindKey, options: Parameters<typeof jwtVerify>[2]) {
  try {
    return await jwtVerify(token, find, options)
  } catch (error) {
    if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error
    for await (const key of error) {
      try {
        return await jwtVerify(token, key, options)
      } catch (another) {
        if (!(another instanceof errors.JWSSignatureVerificationFailed)) throw another
      }
    }
    throw new errors.JWSSignatureVerificationFailed()
  }
}

const BY_CODE: Readonly<Record<string, TokenFault>> = {
  [errors.JOSEAlgNotAllowed.code]: 'token_algorithm',
  [errors.JOSENotSupported.code]: 'token_unsupported',
  [errors.JWKSNoMatchingKey.code]: 'token_key',
  [errors.JWSSignatureVerificationFailed.code]: 'token_signature',
  [errors.JWTExpired.code]: 'token_expired',
}
const BY_CLAIM: Readonly<Record<string, TokenFault>> = {
  aud: 'token_audience',
  iss: 'token_issuer',
  nbf: 'token_not_yet_valid',
}

function faultOf(error: unknown): TokenFault {
  if (error instanceof errors.JWTClaimValidationFailed) {
    if (error.claim === 'iat' && error.reason === 'check_failed') return 'token_not_yet_valid'
    return BY_CLAIM[error.claim] ?? 'token_claim'
  }
  return (error instanceof errors.JOSEError && BY_CODE[error.code]) || 'token_malformed'
}
