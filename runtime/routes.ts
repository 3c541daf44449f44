import type { MiddlewareHandler } from 'hono'
import type * as z from 'zod'
import type { ErrorCode } from './errors.ts'
import type { EventType } from './event.ts'

/** What a route says of itself in its own line, for OpenAPI and for the engine. */
export interface RouteSpec {
  readonly body?: z.ZodType
  /** Media types of a body that is not parsed. */
  readonly media?: readonly string[]
  readonly query?: z.ZodType
  readonly event?: EventType
  /** Takes an `Idempotency-Key`. */
  readonly idempotent?: boolean
  readonly summary?: string
  /** Codes of the problems it may answer, beside those that every route may. */
  readonly errors?: readonly ErrorCode[]
  readonly answers?: Readonly<Record<number, z.ZodType | string | readonly string[] | null>>
}

const specs = new WeakMap<object, RouteSpec>()

/** Ties what a piece of middleware stands for to it. */
export function specified<handler extends object>(handler: handler, spec: RouteSpec): handler {
  specs.set(handler, spec)
  return handler
}

export function specOf(handler: object): RouteSpec | undefined {
  return specs.get(handler)
}

/**
 * Says what a route is for and what it answers when all goes well: a schema for JSON, a media type or several, or `null` for no
 * body; then the codes of what its handler refuses. What follows from the rest of its line needs no word: what identity, `body`,
 * `query`, `event`, `idempotent` and `atMost` refuse, and for a name in the path `invalid_input` and `not_found`.
 */
export function answers(
  summary: string,
  byStatus: NonNullable<RouteSpec['answers']>,
  ...errors: readonly ErrorCode[]
): MiddlewareHandler {
  return specified<MiddlewareHandler>((_c, next) => next(), { summary, answers: byStatus, errors })
}

/** What the pieces of a route's line say together. */
export function combined(specs: readonly RouteSpec[]): RouteSpec {
  return Object.assign({}, ...specs, { errors: specs.flatMap(({ errors = [] }) => errors) })
}
