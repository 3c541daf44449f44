import * as z from 'zod'
import type { Caller } from './context.ts'
import { PlatformError } from './errors.ts'
import { unchecked } from './jwt.ts'
import { Refusal } from './refusal.ts'

/** What is told of each request that was refused for who sent it; never its token, nor its query. */
export interface AuditLine {
  readonly at: string
  readonly level: 'warn'
  readonly kind: 'audit'
  readonly function: string
  readonly method: string
  readonly path: string
  readonly status: 401 | 403
  /** The stable code of the refusal. */
  readonly reason: string
  readonly message: string
  /** Whom the platform knows it to be. */
  readonly caller?: string
  /** What the token says of itself, which nobody has checked. */
  readonly iss?: string
  readonly sub?: string
  /** The address at the other end of the connection, and whom a proxy there names. */
  readonly remote?: string
  readonly forwarded?: string
}

/** What is looked at of a request to judge who sent it. */
export interface Asked {
  readonly method: string
  /** Without the query. */
  readonly path: string
  readonly scheme: string
  header(name: string): string | undefined
  remote(): string | undefined
}

const MOST_TEXT = 255
const STATUS: Readonly<Record<string, 401 | 403>> = { unauthenticated: 401, forbidden: 403 }
const Connection = z.object({ incoming: z.object({ socket: z.object({ remoteAddress: z.string() }) }) })

/** The line for an error that is a refusal, `null` for any other. */
export function auditLine(
  error: unknown,
  { name, asked, caller }: { readonly name: string; readonly asked: Asked; readonly caller?: Caller | undefined },
): AuditLine | null {
  if (!(error instanceof PlatformError)) return null
  const status = STATUS[error.code]
  if (!status) return null
  const { iss, sub } = unchecked(asked.header('authorization')?.split(' ').at(-1) ?? '') ?? {}
  return {
    at: new Date().toISOString(),
    level: 'warn',
    kind: 'audit',
    function: name,
    method: asked.method,
    path: asked.path,
    status,
    reason: error instanceof Refusal ? error.reason : error.code,
    message: `refused ${asked.method} ${asked.path}: ${error.message}`,
    ...(caller ? { caller: `${caller.team}/${caller.id}` } : {}),
    ...texts({ iss, sub, remote: asked.remote(), forwarded: asked.header('x-forwarded-for') }),
  }
}

/** The address at the other end, from what Node's server hands to Hono as the request's environment. */
export function remoteOf(environment: unknown): string | undefined {
  return Connection.safeParse(environment).data?.incoming.socket.remoteAddress
}

/** Those that are there, cut: they are the caller's. */
function texts(given: Readonly<Record<string, unknown>>): Readonly<Record<string, string>> {
  const pairs = Object.entries(given).flatMap(([name, value]) =>
    typeof value === 'string' ? [[name, value.slice(0, MOST_TEXT)]] : [],
  )
  return Object.fromEntries(pairs)
}
