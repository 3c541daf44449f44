import type { KeyObject } from 'node:crypto'
import { createPublicKey } from 'node:crypto'
import * as z from 'zod'

const Jwk = z.looseObject({ kty: z.enum(['RSA', 'EC', 'OKP']) })
/** Members of a JWK that only who signs may have (RFC 7518 §6). */
const PRIVATE = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'k', 'oth']

/** A public key as a JWK, or as PEM; a private one, or an RSA one of less than 2048 bits, is refused. */
export const PublicKey = z
  .union([z.string(), Jwk], { error: 'must be a public JWK or PEM' })
  .transform((given, context) => {
    const refuse = (message: string) => {
      context.addIssue({ code: 'custom', message })
      return z.NEVER
    }
    if (typeof given === 'string' ? given.includes('PRIVATE') : PRIVATE.some((name) => name in given))
      return refuse('must be a public key: this one is private, and known to whoever read it')
    const key = parse(given)
    if (!key) return refuse('is no public key that can be read')
    if ((key.asymmetricKeyDetails?.modulusLength ?? 2048) < 2048) return refuse('must have 2048 bits or more')
    return typeof given === 'string' ? Jwk.parse(key.export({ format: 'jwk' })) : given
  })

function parse(given: string | z.infer<typeof Jwk>): KeyObject | undefined {
  try {
    return typeof given === 'string' ? createPublicKey(given) : createPublicKey({ key: { ...given }, format: 'jwk' })
  } catch {
    return undefined
  }
}
