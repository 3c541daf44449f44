import type { SqlLimits, TeamDatabase, TeamUrls } from '../../runtime/adapters/team-database.ts'
import { urls } from '../../runtime/adapters/team-database.ts'
import type { EngineLog } from '../../triggers/engine/trigger.ts'
import type { DataFolder } from './data-folder.ts'
import { keepPostgres } from './kept-postgres.ts'
import type { TeamTables } from './team-tables.ts'
import { teamTables } from './team-tables.ts'

/** The team's database, whether or not it can be reached at the moment. */
export interface TeamStore extends TeamTables {
  readonly urls: TeamUrls
  /** Where it is, for people. */
  readonly where: string
}

export interface TeamStoreOptions {
  readonly team: string
  readonly folder: DataFolder
  /** A given PostgreSQL, by a role that may make databases and roles; the embedded one where there is none. */
  readonly url: string | undefined
  readonly log: EngineLog
  readonly limits?: SqlLimits
}

/** Starts the embedded PostgreSQL, or uses the given one; makes the team's database as soon as it is reached. */
export async function openTeamStore({ team, folder, url, log, limits }: TeamStoreOptions): Promise<TeamStore> {
  const passwords = new Map<string, string>()
  async function password(role: string): Promise<void> {
    passwords.set(role, await folder.secret(`role ${team} ${role}`))
  }
  await password('engine')
  const server = url ? undefined : await keepPostgres(folder, log)
  const adminUrl = url ?? server?.url ?? ''
  const database: TeamDatabase = {
    team,
    adminUrl,
    password: (role) => passwords.get(role) ?? '',
    ...(limits ? { limits } : {}),
  }
  const where = url ? new URL(url).host : 'embedded'
  const tables = teamTables(database, { where, log })

  return {
    urls: { ...urls(database), of: (name) => urls(database).of(name) },
    where,
    missing: tables.missing,
    async prepare(functions) {
      for (const { name } of functions) await password(name)
      await tables.prepare(functions)
    },
    async close() {
      await tables.close()
      await server?.stop()
    },
  }
}
