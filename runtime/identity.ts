import type { MiddlewareHandler } from 'hono'
import { foreignPage } from './browser.ts'
import type { Caller } from './context.ts'
import { requestContext } from './context.ts'
import { PlatformError } from './errors.ts'

export interface IdentityOptions {
  readonly team: string
  /** Checks a token of the engine for this function; throws `unauthenticated`. */
  readonly verifyEngine: ((token: string) => Promise<void>) | undefined
  /** A laptop without an issuer: who calls on loopback, and not from a foreign web page, is the team's developer. */
  readonly developer: boolean
}

/** Finds out who calls and puts it into the request's context; throws `unauthenticated` or, for a foreign web page, `forbidden`. */
export function authenticate({ team, verifyEngine, developer }: IdentityOptions): MiddlewareHandler {
  return async function authenticate(c, next) {
    const context = requestContext.getStore()
    if (!context) throw new Error('authenticate runs outside a request')
    const page = foreignPage((name) => c.req.header(name), new URL(c.req.url).protocol)
    const [scheme, token] = (c.req.header('authorization') ?? '').split(' ')
    if (scheme?.toLowerCase() === 'bearer' && token) {
      if (!verifyEngine)
        throw new PlatformError('unauthenticated', 'no issuer is set up here whose tokens could be checked')
      await verifyEngine(token)
      context.caller = { kind: 'engine', team, id: 'engine', type: 'system', scopes: [] }
    } else if (!developer) {
      throw new PlatformError('unauthenticated', 'send a bearer token')
    } else if (page) {
      throw new PlatformError('forbidden', page)
    } else {
      context.caller = developerOf(team)
    }
    await next()
  }
}

/** Lets the caller through who has the scope; the engine's events are judged by their own routes. */
export function authorize(scope: string): MiddlewareHandler {
  return async function authorize(_c, next) {
    const caller = requestContext.getStore()?.caller
    if (!caller) throw new PlatformError('unauthenticated', 'send a bearer token')
    const free = caller.kind === 'engine' || caller.scopes === 'all' || caller.scopes.includes(scope)
    if (!free) throw new PlatformError('forbidden', `this needs the scope ${scope}`)
    await next()
  }
}

export function developerOf(team: string): Caller {
  return { kind: 'user', team, id: 'developer', type: 'user', scopes: 'all' }
}
