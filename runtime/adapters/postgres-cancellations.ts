import type { Cancellations } from '../cancellations.ts'
import { bell } from './bell.ts'
import type { Database } from './postgres.ts'

/** Cancelled flow runs as rows of the team's database. */
export function postgresCancellations(database: Database): Cancellations {
  return {
    cancel: (flow) =>
      database.transaction(async (query) => {
        await query`insert into cancelled_flows (correlationid) values (${flow}) on conflict do nothing`
        const jobs = await query`
          update jobs set cancel = true
          where context->>'correlationid' = ${flow} and state in ('queued', 'running') and not cancel returning 1`
        await query`select pg_notify('mezz_cancelled', ''), pg_notify('mezz_jobs', '')`
        return jobs.length
      }),
    async restore(flow) {
      await database.query`delete from cancelled_flows where correlationid = ${flow}`
      await database.query`select pg_notify('mezz_cancelled', '')`
    },
    async all() {
      const rows = await database.query<{ correlationid: string }>`select correlationid from cancelled_flows`
      return new Set(rows.map(({ correlationid }) => correlationid))
    },
    rung: bell(database, 'mezz_cancelled'),
  }
}
