import type { EndedJob, Expiry, StoredPosition } from '../expiry.ts'
import type { Database } from './postgres.ts'
import { expireRows } from './postgres-expired-rows.ts'

/** Job lines that one statement drops at most. */
const LINES = 5000

/** What is over in the team's database, as the engine's role may drop it. */
export function postgresExpiry(database: Database): Expiry {
  const { query } = database

  return {
    alone: (work, signal) => database.holding('mezz housekeeping', work, signal),
    positions: () => query<StoredPosition>`select trigger, topic, partition, identity, position from positions`,
    drop: (before, signal) => expireRows(database, before, signal),
    forgetTriggers: (existing, { now, before }) =>
      database.transaction(async (inside) => {
        const names = [...existing]
        await inside`delete from gone_triggers where name = any (${names}::text[])`
        await inside`
          insert into gone_triggers (name, since)
          select name, ${now} from (
            select trigger as name from positions union select trigger from parked
            union select trigger from schedules union select name from triggers) known
          where name <> all (${names}::text[]) on conflict do nothing`
        const gone = await inside<{ name: string }>`
          delete from gone_triggers where since < ${before} returning name`
        const over = gone.map(({ name }) => name)
        await inside`delete from positions where trigger = any (${over}::text[])`
        await inside`delete from parked where trigger = any (${over}::text[])`
        await inside`delete from schedules where trigger = any (${over}::text[])`
        await inside`delete from triggers where name = any (${over}::text[])`
        return over.length
      }),
    async endedJobs(before, { after, limit }) {
      const rows = await query<{ id: string; outputs: EndedJob['outputs'] | null }>`
        select id, outputs from jobs
        where ended_at < ${before} and (${after}::uuid is null or id > ${after}::uuid)
          and (coalesce(outputs, '{}') = '{}' or exists (
            select from jsonb_each(outputs) one
            where not exists (select from blobs where sha256 = one.value->>'sha256')))
        order by id limit ${limit}`
      return rows.map(({ id, outputs }) => ({ id, outputs: outputs ?? {} }))
    },
    async forgetJob(id, stays) {
      for (let dropped = LINES; dropped === LINES; ) {
        const lines = await query`
          delete from job_lines where job = ${id} and n in (select n from job_lines where job = ${id} limit ${LINES}) returning 1`
        dropped = lines.length
      }
      if (Object.keys(stays).length === 0) await query`delete from jobs where id = ${id}`
      else await query`update jobs set outputs = ${stays}::jsonb where id = ${id}`
    },
    async unkept(digests) {
      const rows = await query<{ sha256: string }>`
        select d as sha256 from unnest(${[...digests]}::text[]) d where not exists (select from blobs where sha256 = d)`
      return rows.map(({ sha256 }) => sha256)
    },
    guarded: (sha256, work) =>
      database.transaction(async (inside) => {
        const [lock] = await inside<{ got: boolean }>`
          select pg_try_advisory_xact_lock(hashtext('mezz blobs'), mezz.blob_bucket(${sha256})) as got`
        if (!lock?.got) return false
        return work(async () => (await inside`select 1 from blobs where sha256 = ${sha256} limit 1`).length > 0)
      }),
  }
}
