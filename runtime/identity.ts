import type { MiddlewareHandler } from 'hono'
import type { Asked, AuditLine } from './audit.ts'
import { auditLine, remoteOf } from './audit.ts'
import { foreignPage } from './browser.ts'
import type { Caller } from './context.ts'
import { requestContext } from './context.ts'
import type { FindCaller } from './issuers.ts'
import { unchecked } from './jwt.ts'
import { challengeOf, Refusal } from './refusal.ts'
import { ENGINE_ISSUER } from './token.ts'

/** By what callers are known. */
export interface Trust {
  readonly team: string
  /** Checks a token of the engine for this function; throws a `Refusal`. */
  readonly verifyEngine: ((token: string) => Promise<void>) | undefined
  /** Finds the caller of any other token. */
  readonly findCaller: FindCaller | undefined
  /** A laptop without an issuer: who calls on loopback without a token, and not from a foreign web page, is the team's developer. */
  readonly developer: boolean
}

export interface IdentityOptions extends Trust {
  /** The function's name, for the audit. */
  readonly name: string
  /** Is told each refusal, also of what stands behind. */
  audit(line: AuditLine): void
}

/** RFC 6750 §2.1: one token, of RFC 9110's token68. */
const BEARER = /^bearer +([\w\-.~+/]+=*)$/i

/** Finds out who calls and puts it into the request's context; throws a `Refusal`. Each refusal, its own or a later one, is told to the audit and challenged. */
export function authenticate({ name, audit, ...trust }: IdentityOptions): MiddlewareHandler {
  return async function authenticate(c, next) {
    const context = requestContext.getStore()
    if (!context) throw new Error('authenticate runs outside a request')
    const asked: Asked = {
      method: c.req.method,
      path: c.req.path,
      scheme: new URL(c.req.url).protocol,
      header: (header) => c.req.header(header),
      remote: () => remoteOf(c.env),
    }
    function refused(error: unknown): void {
      const challenge = challengeOf(error)
      if (challenge) c.header('WWW-Authenticate', challenge)
      const line = auditLine(error, { name, asked, caller: context?.caller })
      if (line) audit(line)
    }
    try {
      context.caller = await whoAsks(asked, trust)
    } catch (error) {
      refused(error)
      throw error
    }
    await next()
    // Hono has answered for it already.
    if (c.error) refused(c.error)
  }
}

/** Lets the caller through who has the scope; the engine's events are judged by their own routes. */
export function authorize(scope: string): MiddlewareHandler {
  return async function authorize(_c, next) {
    const caller = requestContext.getStore()?.caller
    if (!caller) throw Refusal.token('token_missing')
    insistOn(scope, caller)
    await next()
  }
}

/** Throws a `Refusal` unless the caller has the scope. */
export function insistOn(scope: string, { kind, scopes }: Caller): void {
  if (kind !== 'engine' && scopes !== 'all' && !scopes.includes(scope)) throw Refusal.scope(scope)
}

/** Who sent a request; throws a `Refusal` when that is nobody whom the platform knows. */
export async function whoAsks(
  { header, scheme }: Asked,
  { team, verifyEngine, findCaller, developer }: Trust,
): Promise<Caller> {
  const authorization = header('authorization') ?? ''
  if (/^bearer\b/i.test(authorization)) {
    const [, token] = BEARER.exec(authorization) ?? []
    if (token === undefined) throw Refusal.token('token_malformed')
    if (verifyEngine && unchecked(token)?.iss === ENGINE_ISSUER) {
      await verifyEngine(token)
      return { kind: 'engine', team, id: 'engine', type: 'system', scopes: [] }
    }
    if (!findCaller) throw Refusal.token('token_issuer')
    return findCaller(token)
  }
  if (!developer) throw Refusal.token('token_missing')
  const page = foreignPage(header, scheme)
  if (page) throw Refusal.page(page)
  return developerOf(team)
}

export function developerOf(team: string): Caller {
  return { kind: 'user', team, id: 'developer', type: 'user', scopes: 'all' }
}
