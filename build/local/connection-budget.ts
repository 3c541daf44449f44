import type { Scale } from '../../runtime/define.ts'
import type { FoundFunction } from '../found.ts'

/** Connections of a function's process: its pool, and one for each Idempotency-Key in flight, of which some are reckoned with. */
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
    'app' in definition && definition.uses.includes('sql') ? [mostProcesses(definition.scale) * PROCESS] : [],
  )
  return { most: ENGINE + own.reduce((sum, one) => sum + one, 0), least: ENGINE + PROCESS, functions: own.length }
}

/** As the declaration has it: five unless said. */
function mostProcesses({ min = 0, max = Math.max(5, min) }: Scale = {}): number {
  return max
}

/** What is to be said of a server that takes so many connections, or `null` where all have room. */
export function connectionWarning(need: ConnectionNeed, limit: number): string | null {
  if (need.most <= limit) return null
  return (
    `PostgreSQL takes ${limit} connections, and the engine with ${need.functions} functions at their full scale may open ` +
    `${need.most}: raise max_connections to ${Math.ceil((need.most + 10) / 50) * 50}, lower scale.max, or put PgBouncer before it`
  )
}
