import { setImmediate as nextTick, setTimeout as wait } from 'node:timers/promises'
import type { FunctionSchema, TeamDatabase } from '../../runtime/adapters/team-database.ts'
import { prepareTeam } from '../../runtime/adapters/team-database.ts'
import { PlatformError } from '../../runtime/errors.ts'
import type { EngineLog } from '../../triggers/engine/trigger.ts'

export interface TeamTables {
  /** What is not there, and why, or `null`. */
  missing(): string | null
  /** Brings the tables of these functions up to date; where the database does not answer, that is done as soon as it does. Rejects with what else is wrong. */
  prepare(functions: readonly FunctionSchema[]): Promise<void>
  close(): Promise<void>
}

const TRY_AGAIN = 2000

/** The tables of a team's functions in a database that may be away. */
export function teamTables(
  database: TeamDatabase,
  { where, log }: { readonly where: string; readonly log: EngineLog },
): TeamTables {
  const waiting = new Map<string, FunctionSchema>()
  const faults = new Map<string, string>()
  const ended = new AbortController()
  let away: string | null = 'not tried yet'
  let retrying: Promise<void> | undefined
  let fresh: FunctionSchema[] = []
  let scheduled: Promise<void> | undefined

  async function prepareFresh(): Promise<void> {
    const functions = fresh
    fresh = []
    scheduled = undefined
    try {
      await prepareTeam(database, functions)
      away = null
      for (const { name } of functions) faults.delete(name)
    } catch (error) {
      if (!isAway(error)) throw error
      away = reason(error)
      for (const one of functions) waiting.set(one.name, one)
      log('error', `the database ${where} cannot be used yet; it is tried again`, error)
      retrying ??= retry()
    }
  }

  async function retry(): Promise<void> {
    while (waiting.size > 0 && !ended.signal.aborted) {
      await wait(TRY_AGAIN, undefined, { signal: ended.signal }).catch(() => undefined)
      for (const one of waiting.values()) {
        if (ended.signal.aborted || !(await prepareWaiting(one))) break
      }
    }
    retrying = undefined
  }

  /** One at a time, so that no function waits for another's fault; answers whether the database answers. */
  async function prepareWaiting(one: FunctionSchema): Promise<boolean> {
    try {
      await prepareTeam(database, [one])
      if (away !== null) log('info', 'the database is there')
      faults.delete(one.name)
    } catch (error) {
      if (isAway(error)) {
        away = reason(error)
        return false
      }
      faults.set(one.name, reason(error))
      log('error', `the tables of ${one.name} could not be made`, error)
    }
    away = null
    // Meanwhile another version of it may have come, which waits in its place.
    if (waiting.get(one.name) === one) waiting.delete(one.name)
    return true
  }

  return {
    missing: () => away ?? ([...new Set(faults.values())].join('; ') || null),
    async prepare(functions) {
      if (retrying) {
        for (const one of functions) waiting.set(one.name, one)
        return
      }
      // Those that come together are done together.
      fresh.push(...functions)
      scheduled ??= nextTick().then(prepareFresh)
      await scheduled
    },
    async close() {
      ended.abort()
      await retrying
    },
  }
}

/** Whether the database did not answer, also in the midst of a schema file. */
function isAway(error: unknown): boolean {
  if (error instanceof PlatformError) return error.code === 'unavailable'
  return error instanceof Error && isAway(error.cause)
}

function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const cause = error.cause instanceof Error && !error.message.includes(error.cause.message) ? error.cause.message : ''
  return cause ? `${error.message}: ${cause}` : error.message
}
