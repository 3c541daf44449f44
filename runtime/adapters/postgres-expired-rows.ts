import type { ExpiryTimes, Gone } from '../expiry.ts'
import type { Database } from './postgres.ts'

/** Rows that one transaction drops at most; of flow runs, runs. */
const BATCH = 1000
const RUNS = 100

/** Drops what is over, a batch at a time; answers how many rows of each kind. */
export async function expireRows(database: Database, before: ExpiryTimes, signal: AbortSignal): Promise<Gone> {
  const { query } = database

  async function all(most: number, drop: () => Promise<number>): Promise<number> {
    let sum = 0
    for (let gone = most; gone >= most; sum += gone) {
      signal.throwIfAborted()
      gone = await drop()
    }
    return sum
  }
  async function ofFunctions(table: 'inbox' | 'idempotency'): Promise<number> {
    let sum = 0
    for (const { name } of await query<{ name: string }>`select name from functions order by name`) {
      sum += await all(BATCH, async () => {
        const [row] = await query<{ gone: number }>`
          select mezz.expire(${name}, ${table}, ${before[table]}, ${BATCH}) as gone`
        return row?.gone ?? 0
      })
    }
    return sum
  }

  return {
    'dead letters': await all(BATCH, async () => {
      const rows = await query`
        delete from dead_letters where redrive_at is null and id in (
          select id from dead_letters where at < ${before.deadLetters} and redrive_at is null limit ${BATCH})
        returning 1`
      return rows.length
    }),
    'inbox rows': await ofFunctions('inbox'),
    'idempotency keys': await ofFunctions('idempotency'),
    'flow runs': await all(RUNS, () => dropFlows(database, before.flows)),
    'cancelled flow runs': await all(BATCH, async () => {
      const rows = await query`
        delete from cancelled_flows where correlationid in (
          select correlationid from cancelled_flows where at < ${before.flows} limit ${BATCH}) returning 1`
      return rows.length
    }),
  }
}

/** Runs of which nothing is younger. */
async function dropFlows(database: Database, before: Date): Promise<number> {
  return database.transaction(async (query) => {
    const rows = await query<{ id: string }>`
      select told.correlationid as id from (
        select correlationid, at from flow_events union all select correlationid, at from flow_steps) told
      where told.at < ${before}
        and not exists (select from flow_events e where e.correlationid = told.correlationid and e.at >= ${before})
        and not exists (select from flow_steps s where s.correlationid = told.correlationid and s.at >= ${before})
      group by told.correlationid limit ${RUNS}`
    const ids = rows.map(({ id }) => id)
    await query`delete from flow_events where correlationid = any (${ids}::text[])`
    await query`delete from flow_steps where correlationid = any (${ids}::text[])`
    return ids.length
  })
}
