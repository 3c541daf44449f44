import type { IssuerRow } from './issuer-row.ts'
import type { KeySet, PrivateKey } from './jwt.ts'
import { signToken } from './jwt.ts'

const ISSUER = 'mezz-laptop'
const AUDIENCE = 'mezz'

/** The row of the laptop's own issuer, which the platform of that data folder trusts always. */
export function laptopIssuer(keys: KeySet, team: string): IssuerRow {
  return {
    issuer: ISSUER,
    audience: [AUDIENCE],
    keys: keys.keys.map((key) => ({ ...key, kty: 'OKP' })),
    algorithms: ['EdDSA'],
    typ: 'jwt',
    claims: { user: 'sub', scopes: 'scope' },
    team,
    scopes: 'all',
    require: {},
    type: 'user',
    prefix: '',
    tolerance: 30,
  }
}

export interface LaptopToken {
  readonly user: string
  /** With spaces between; none: all. */
  readonly scope: string | undefined
  readonly audience: string | undefined
  /** Seconds, from when to when. */
  readonly from: number
  readonly until: number
}

/** A token of the laptop's own issuer. */
export function laptopToken(
  key: PrivateKey,
  { user, scope, audience = AUDIENCE, from, until }: LaptopToken,
): Promise<string> {
  const claims = { iss: ISSUER, aud: audience, sub: user, iat: from, exp: until }
  return signToken(key, scope === undefined ? claims : { ...claims, scope })
}
