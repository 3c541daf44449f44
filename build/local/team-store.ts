import { setImmediate as nextTick, setTimeout as wait } from 'node:timers/promises'
import type { FunctionSchema, TeamDatabase, TeamUrls } from '../../runtime/adapters/team-database.ts'
import { prepareTeam, urls } from '../../runtime/adapters/team-database.ts'
import type { EngineLog } from '../../triggers/engine/trigger.ts'
import type { DataFolder } from './data-folder.ts'
import { keepPostgres } from './kept-postgres.ts'

/** The team's database, whether or not it can be reached at the moment. */
export interface TeamStore {
  readonly urls: TeamUrls
  /** Where it is, for people. */
  readonly where: string
  /** Why it is not ready, or `null`. */
  missing(): string | null
  /** Brings the tables of these functions up to date, if the database is reached; else it is done as soon as it is. */
  prepare(functions: readonly FunctionSchema[]): Promise<void>
  close(): Promise<void>
}

export interface TeamStoreOptions {
  readonly team: string
  readonly folder: DataFolder
  /** A given PostgreSQL, by a role that may make databases and roles; the embedded one where there is none. */
  readonly url: string | undefined
  readonly log: EngineLog
}

const TRY_AGAIN = 2000

/** Starts the embedded PostgreSQL, or uses the given one; makes the team's database as soon as it is reached. */
export async function openTeamStore({ team, folder, url, log }: TeamStoreOptions): Promise<TeamStore> {
  const server = url ? undefined : await keepPostgres(folder, log)
  const adminUrl = url ?? server?.url ?? ''
  const passwords = new Map<string, string>()
  const database: TeamDatabase = { team, adminUrl, password: (role) => passwords.get(role) ?? '' }
  const wanted = new Map<string, FunctionSchema>()
  const ended = new AbortController()
  let missing: string | null = 'not tried yet'
  let retrying: Promise<void> | undefined
  const fresh = new Set<string>()
  let scheduled: Promise<void> | undefined

  async function password(role: string): Promise<void> {
    passwords.set(role, await folder.secret(`role ${team} ${role}`))
  }
  async function attempt(functions: readonly FunctionSchema[]): Promise<void> {
    try {
      await prepareTeam(database, functions)
      missing = null
    } catch (error) {
      missing = error instanceof Error ? reason(error) : String(error)
      throw error
    }
  }
  async function retry(): Promise<void> {
    while (missing !== null && !ended.signal.aborted) {
      await wait(TRY_AGAIN, undefined, { signal: ended.signal }).catch(() => undefined)
      if (ended.signal.aborted) return
      await attempt([...wanted.values()]).then(
        () => log('info', 'the database is there'),
        () => undefined,
      )
    }
    retrying = undefined
  }

  async function prepareFresh(): Promise<void> {
    scheduled = undefined
    const names = missing === null ? [...fresh] : [...wanted.keys()]
    fresh.clear()
    if (retrying) return
    try {
      await attempt(names.flatMap((name) => wanted.get(name) ?? []))
    } catch (error) {
      // The embedded one is there, so what fails is a schema file: that function's fault, said at once.
      if (!url) throw error
      log('error', `the database ${new URL(url).host} cannot be used yet; it is tried again`, error)
      retrying = retry()
    }
  }

  await password('engine')
  return {
    urls: { ...urls(database), of: (name) => urls(database).of(name) },
    where: url ? new URL(url).host : 'embedded',
    missing: () => missing,
    async prepare(functions) {
      for (const one of functions) {
        wanted.set(one.name, one)
        fresh.add(one.name)
        await password(one.name)
      }
      // Those that come together are done together.
      scheduled ??= nextTick().then(prepareFresh)
      await scheduled
    },
    async close() {
      ended.abort()
      await retrying
      await server?.stop()
    },
  }
}

function reason(error: Error): string {
  const cause = error.cause instanceof Error ? `: ${error.cause.message}` : ''
  return `${error.message}${cause}`
}
