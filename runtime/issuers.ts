import { callerOf } from './claims.ts'
import type { Caller } from './context.ts'
import { createDigestCache } from './digest-cache.ts'
import { PlatformError } from './errors.ts'
import type { IssuerRow } from './issuer-row.ts'
import type { FindKey } from './jwt.ts'
import { checkToken, fixedKeys, unchecked } from './jwt.ts'
import { Refusal } from './refusal.ts'
import { remoteKeys } from './remote-keys.ts'

/** Tells who a token speaks for; throws a `Refusal`, or `unavailable` where its issuer's keys cannot be had. */
export type FindCaller = (token: string) => Promise<Caller>

const MOST_LENGTH = 16 * 1024
/** Milliseconds: a key that its issuer has withdrawn is asked for again after so long, however long its tokens live. */
const REMEMBERED = 600_000

/** Finds callers by the tokens of these issuers; a good token is remembered by its digest. */
export function openIssuers(
  rows: readonly IssuerRow[],
  { team, now = Date.now }: { readonly team: string; now?(): number },
): FindCaller {
  const checks = rows.map((row) => ({ issuer: row.issuer, check: checkBy(row, { team, now }) }))
  const good = createDigestCache<Caller>(now)

  return async function find(token) {
    if (token.length > MOST_LENGTH) throw Refusal.token('token_too_large')
    const known = good.get(token)
    if (known) return known
    const claims = unchecked(token)
    if (!claims) throw Refusal.token('token_malformed')
    const { iss = null } = claims
    const fitting = checks.filter(({ issuer }) => issuer === iss)
    const { caller, until } = await firstOf(
      fitting.map(
        ({ check }) =>
          () =>
            check(token),
      ),
    )
    good.set(token, caller, until)
    return caller
  }
}

interface Found {
  readonly caller: Caller
  readonly until: number
}

function checkBy(row: IssuerRow, { team, now }: { readonly team: string; now(): number }) {
  const find = keysOf(row, now)
  return async (token: string): Promise<Found> => {
    const { algorithms, issuer, audience, tolerance, typ } = row
    const at = now()
    const claims = await checkToken(token, find, {
      algorithms,
      issuer,
      audience,
      types: typ === undefined ? [null, 'jwt', 'at+jwt'] : [typ],
      tolerance,
      now: Math.floor(at / 1000),
    })
    return { caller: callerOf(claims, row, team), until: Math.min((claims.exp ?? 0) * 1000, at + REMEMBERED) }
  }
}

function keysOf({ jwks, keys = [], secret }: IssuerRow, now: () => number): FindKey {
  if (jwks !== undefined) return remoteKeys(jwks, { now })
  if (secret === undefined) return fixedKeys({ keys })
  const bytes = new TextEncoder().encode(secret)
  return async () => bytes
}

/** Of rows that share an issuer's name the first that takes the token; where none does, what says most of why. */
async function firstOf(checks: readonly (() => Promise<Found>)[]): Promise<Found> {
  let worst: PlatformError = Refusal.token('token_issuer')
  for (const check of checks) {
    try {
      return await check()
    } catch (error) {
      if (!(error instanceof PlatformError)) throw error
      if (weight(error) > weight(worst)) worst = error
    }
  }
  throw worst
}

/** A token whose signature is good says more than one of somebody else; whether it is good must be known before it is refused. */
function weight(error: PlatformError): number {
  if (!(error instanceof Refusal)) return 3
  if (error.reason === 'token_issuer') return 0
  return ['token_algorithm', 'token_key', 'token_signature'].includes(error.reason) ? 1 : 2
}
