import * as z from 'zod'
import { PublicKey } from './public-key.ts'

const ASYMMETRIC = [
  'EdDSA',
  'Ed25519',
  'ES256',
  'ES384',
  'ES512',
  'PS256',
  'PS384',
  'PS512',
  'RS256',
  'RS384',
  'RS512',
] as const
const SYMMETRIC = ['HS256', 'HS384', 'HS512'] as const
/** The engine's tokens are checked with its own keys alone. */
const ENGINE = 'mezz-engine'
/** This machine, and names that resolve inside a cluster alone. */
const NEAR = /^(localhost|127(\.\d{1,3}){3}|\[::1\]|[a-z0-9.-]+\.(svc|cluster\.local))$/

/** A claim by its name, or by a JSON pointer (RFC 6901) to a place inside one: `/realm_access/roles`. */
const Claim = z.string().min(1)
const Texts = z
  .union([z.string().min(1), z.array(z.string().min(1)).min(1)], { error: 'must be a text or a list of texts' })
  .transform((given) => [given].flat())

const Row = z.strictObject({
  /** `iss` of its tokens; `null`: they name none. */
  issuer: z.string().min(1).nullable(),
  /** `aud`, one of these; `null`: theirs are for nobody in particular. */
  audience: Texts.nullable(),
  /** Where its public keys are fetched: https, or http inside a cluster and on this machine. */
  jwks: z.string().refine(isSafe, 'must be a URL of https, or http inside a cluster or on this machine').optional(),
  /** Its public keys themselves: JWKs, a JWK set, or PEM. */
  keys: z.preprocess(members, z.array(PublicKey).min(1)).optional(),
  /** What it signs and we check with: of 32 bytes or more, and for the algorithms HS256, HS384 and HS512 alone. */
  secret: z
    .string()
    .refine((text) => Buffer.byteLength(text) >= 32, 'must have 32 bytes or more (RFC 7518 §3.2)')
    .optional(),
  algorithms: z
    .array(z.enum([...ASYMMETRIC, ...SYMMETRIC]))
    .min(1)
    .optional(),
  /** The only `typ` that its tokens may have; by default none, `JWT` or `at+jwt`. */
  typ: z.string().min(1).toLowerCase().optional(),
  claims: z
    .strictObject({ user: Claim.default('sub'), scopes: Claim.default('scope'), team: Claim.optional() })
    .default({ user: 'sub', scopes: 'scope' }),
  /** The team of all its users; else `claims.team` says it. */
  team: z.string().min(1).optional(),
  /** What a token may that has no claim of scopes; nothing, unless said. */
  scopes: z.union([z.literal('all'), z.array(z.string().min(1))], { error: 'must be "all" or a list' }).default([]),
  /** What its tokens must say beside. */
  require: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).default({}),
  type: z.enum(['user', 'service_account']).default('user'),
  /** Stands before the user's id, so that user 1 of one issuer is not user 1 of another. */
  prefix: z.string().max(64).default(''),
  /** Seconds by which clocks may differ. */
  tolerance: z.number().min(0).max(300).default(30),
})
type Given = z.output<typeof Row>

/** Whose tokens are taken, and what of them counts. */
export const IssuerRow = Row.check(({ value, issues }) => {
  for (const [place, message] of faultsOf(value)) {
    issues.push({ code: 'custom', input: undefined, path: [place], message })
  }
}).transform((row) => ({ ...row, algorithms: row.algorithms ?? [...ASYMMETRIC] }))

export type IssuerRow = z.output<typeof IssuerRow>

/** The table as it is written down: a list of rows. */
export const IssuerTable = z.array(IssuerRow)

function* faultsOf(row: Given): Iterable<readonly [keyof Given, string]> {
  const { issuer, jwks, keys, secret, algorithms, team, claims } = row
  if (issuer === ENGINE) yield ['issuer', 'is a name of the platform itself']
  if ([jwks, keys, secret].filter((one) => one !== undefined).length !== 1)
    yield ['issuer', 'needs exactly one of jwks, keys and secret']
  const isSymmetric = (algorithm: string): boolean => SYMMETRIC.some((one) => one === algorithm)
  if (secret !== undefined && !algorithms?.every(isSymmetric))
    yield ['algorithms', 'must be said where there is a secret, of HS256, HS384 and HS512: ["HS256"]']
  if (secret === undefined && algorithms?.some(isSymmetric))
    yield ['algorithms', 'HS256, HS384 and HS512 need a secret: a public key is none']
  if (issuer === null && jwks !== undefined) yield ['issuer', 'tokens that name no issuer need keys or a secret']
  if ((team === undefined) === (claims.team === undefined)) yield ['team', 'needs exactly one of team and claims.team']
}

function isSafe(text: string): boolean {
  if (!URL.canParse(text)) return false
  const { protocol, hostname } = new URL(text)
  return protocol === 'https:' || (protocol === 'http:' && NEAR.test(hostname))
}

function members(given: unknown): unknown {
  return typeof given === 'object' && given !== null && Object.hasOwn(given, 'keys') && 'keys' in given
    ? given.keys
    : given
}
