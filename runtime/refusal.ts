import { PlatformError } from './errors.ts'

/** Why a caller is not known, by its stable code, in words. */
const UNKNOWN = {
  token_missing: 'send a bearer token',
  token_malformed: 'what was sent as Authorization is no single bearer token',
  token_too_large: 'the token is larger than 16 KiB',
  token_unsupported: 'the token asks for an extension that is not known here',
  token_algorithm: 'the algorithm of the token is not allowed for its issuer',
  token_key: 'the token names a key that its issuer does not have',
  token_signature: 'the signature of the token is not good',
  token_expired: 'the token has expired',
  token_not_yet_valid: 'the token is not valid yet',
  token_audience: 'the token is for another audience',
  token_issuer: 'the issuer of the token is not known here',
  token_type: 'the token is of another kind (typ)',
  token_claim: 'the token lacks a claim that is asked of its issuer, or says something else there',
} as const

export type TokenFault = keyof typeof UNKNOWN

/** A caller who is not let in: not known (401) or not allowed (403), with a stable reason code for the caller, the log and `WWW-Authenticate`. */
export class Refusal extends PlatformError {
  readonly reason: TokenFault | 'insufficient_scope' | 'other_team' | 'foreign_page'
  /** RFC 6750 §3; none where another token would not help. */
  readonly challenge: string | undefined

  private constructor(
    code: 'unauthenticated' | 'forbidden',
    reason: Refusal['reason'],
    { message, challenge, cause }: { readonly message: string; readonly challenge?: string; readonly cause?: unknown },
  ) {
    const pointer = reason === 'foreign_page' ? '' : '/authorization'
    super(code, message, { cause, errors: [{ pointer, reason }] })
    this.name = 'Refusal'
    this.reason = reason
    this.challenge = challenge
  }

  static token(reason: TokenFault, cause?: unknown): Refusal {
    const message = UNKNOWN[reason]
    const more = reason === 'token_missing' ? '' : ` error="invalid_token", error_description="${message}"`
    return new Refusal('unauthenticated', reason, { message, challenge: `Bearer${more}`, cause })
  }

  static scope(scope: string): Refusal {
    return new Refusal('forbidden', 'insufficient_scope', {
      message: `this needs the scope ${scope}`,
      challenge: `Bearer error="insufficient_scope", scope="${scope}"`,
    })
  }

  /** Why a web page that the platform did not serve may have sent it. */
  static page(why: string): Refusal {
    return new Refusal('forbidden', 'foreign_page', { message: why })
  }

  static team(team: string): Refusal {
    return new Refusal('forbidden', 'other_team', { message: `the token is not of the team ${team}` })
  }
}

/** What `WWW-Authenticate` says to an error's caller: RFC 9110 wants it with every 401. */
export function challengeOf(error: unknown): string | undefined {
  if (error instanceof Refusal) return error.challenge
  return error instanceof PlatformError && error.code === 'unauthenticated' ? 'Bearer' : undefined
}
