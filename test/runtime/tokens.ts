import type { JsonWebKey, KeyObject } from 'node:crypto'
import { createHmac, generateKeyPairSync, sign } from 'node:crypto'

/** A pair of keys, the public one as a JWK of this `kid`. */
export interface Pair {
  readonly kid: string
  readonly secret: KeyObject
  readonly jwk: JsonWebKey & { readonly kid: string }
  readonly pem: string
}

/** An RSA pair of 2048 bits unless said. */
export function rsa(kid: string, modulusLength = 2048): Pair {
  return pair(kid, generateKeyPairSync('rsa', { modulusLength }))
}

export function ed25519(kid: string): Pair {
  return pair(kid, generateKeyPairSync('ed25519'))
}

export function p256(kid: string): Pair {
  return pair(kid, generateKeyPairSync('ec', { namedCurve: 'P-256' }))
}

/** A token with just this header and these claims, signed as an issuer would by RS256, ES256 or EdDSA. */
export function token(head: object, claims: unknown, { secret }: Pair): string {
  const text = `${encoded(head)}.${encoded(claims)}`
  const digest = secret.asymmetricKeyType === 'ed25519' ? null : 'sha256'
  return `${text}.${sign(digest, Buffer.from(text), { key: secret, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`
}

/** The same by HS256. */
export function hmac(head: object, claims: unknown, secret: string | Buffer): string {
  const text = `${encoded(head)}.${encoded(claims)}`
  return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`
}

export function encoded(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

function pair(
  kid: string,
  { publicKey, privateKey }: { readonly publicKey: KeyObject; readonly privateKey: KeyObject },
): Pair {
  const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString()
  return { kid, secret: privateKey, jwk: { ...publicKey.export({ format: 'jwk' }), kid }, pem }
}
