import { connectionLimit } from '../../runtime/adapters/connection-limit.ts'
import { PlatformError } from '../../runtime/errors.ts'
import type { EngineLog } from '../../triggers/engine/trigger.ts'
import type { FoundFunction } from '../found.ts'
import { limitsOf } from './program.ts'

/** Connections of a function's process: its pool. (An Idempotency-Key takes one more while its request is in flight.) */
const PROCESS = 4
/** The engine's pool, its listener, the locks of its parts, and what prepares schemas. */
const ENGINE = 20

export interface ConnectionNeed {
  /** With every function at its full scale. */
  readonly most: number
  /** With the engine and one process. */
  readonly least: number
  readonly functions: number
}

/** How many connections these functions and the engine may open at once. */
export function connectionNeed(functions: readonly FoundFunction[]): ConnectionNeed {
  const own = functions.flatMap(({ definition }) =>
    'app' in definition && definition.uses.includes('sql') ? [limitsOf(definition, 0).max * PROCESS] : [],
  )
  return { most: ENGINE + own.reduce((sum, one) => sum + one, 0), least: ENGINE + PROCESS, functions: own.length }
}

/** What is to be said of a server that takes so many connections, or `null` where all have room. */
export function connectionWarning(need: ConnectionNeed, limit: number): string | null {
  if (need.most <= limit) return null
  return (
    `PostgreSQL takes ${limit} connections, and the engine with ${need.functions} functions at their full scale may open ` +
    `${need.most}: raise max_connections to ${Math.ceil((need.most + 10) / 50) * 50}, lower scale.max, or put PgBouncer before it`
  )
}

/** Warns where functions at their full scale want more connections than the server takes; refuses where nothing would work. A server that does not answer is asked no more. */
export async function checkConnections(
  url: string,
  { functions, log }: { readonly functions: readonly FoundFunction[]; readonly log: EngineLog },
): Promise<void> {
  const limit = await connectionLimit(url).catch((error: unknown) => {
    log('warn', 'how many connections the database takes is not known', error)
    return undefined
  })
  if (limit === undefined) return
  const need = connectionNeed(functions)
  const warning = connectionWarning(need, limit)
  if (warning && limit < need.least) throw new PlatformError('invalid_input', warning)
  if (warning) log('warn', warning)
}
