import { Workload } from '../workload.ts'
import type { WantedWorkloads } from '../workloads.ts'
import { bell } from './bell.ts'
import type { Database } from './postgres.ts'

/** At the latest: what was ended here by other hands comes back after so long. */
const LOOK = 15_000

/** The workloads that functions have asked for, as rows of the team's database. */
export function postgresWorkloads(database: Database): WantedWorkloads {
  return {
    async all() {
      const rows = await database.query<{ name: string; workload: unknown }>`
        select name, workload from workloads order by name`
      return rows.map(({ name, workload }) => ({ name, workload: Workload.parse(workload) }))
    },
    rung: bell(database, 'mezz_workloads', LOOK),
  }
}
