import type { DeadLetterGroup, DeadLetters, StoredDeadLetter, WhichDeadLetters } from '../dead-letters.ts'
import { fingerprintOf } from '../fingerprint.ts'
import { bell } from './bell.ts'
import type { Database } from './postgres.ts'

type Row = Omit<StoredDeadLetter, 'redriveAt'> & { readonly redrive_at: Date | null }

interface GroupRow {
  readonly fingerprint: string
  readonly trigger: string
  readonly count: number
  readonly redriving: number
  readonly first_at: Date
  readonly last_at: Date
  readonly error: DeadLetterGroup['error']
  readonly versions: readonly string[]
}

const CHANNEL = 'mezz_redrive'
/** How long a pause between two looks may be: a time that comes is no notification. */
const LOOK_AGAIN = 5000

/** Dead letters as rows of the team's database. */
export function postgresDeadLetters(database: Database): DeadLetters {
  const { query } = database
  const pick = (
    { id, trigger, fingerprint, since, correlationid }: WhichDeadLetters,
    { after = null, limit }: { readonly after?: string | null | undefined; readonly limit: number },
  ): Promise<Row[]> => query<Row>`
    select id, trigger, topic, partition, record, attempts, error, fingerprint, at, redrive_at from dead_letters
    where (${id ?? null}::uuid is null or id = ${id ?? null}::uuid)
      and (${trigger ?? null}::text is null or trigger = ${trigger ?? null}::text)
      and (${fingerprint ?? null}::text is null or fingerprint = ${fingerprint ?? null}::text)
      and (${since ?? null}::timestamptz is null or at >= ${since ?? null}::timestamptz)
      and (${correlationid ?? null}::text is null or record->'headers'->>'ce_correlationid' = ${correlationid ?? null}::text)
      and (${after}::uuid is null or id < ${after}::uuid)
    order by id desc limit ${limit}`

  return {
    async groups() {
      const rows = await query<GroupRow>`
        select fingerprint, trigger, count(*) as count, count(redrive_at) as redriving, min(at) as first_at, max(at) as last_at,
          (array_agg(error order by at desc))[1] as error,
          coalesce(array_agg(distinct error->>'version') filter (where error ? 'version'), '{}') as versions
        from dead_letters group by fingerprint, trigger order by max(at) desc`
      return rows.map(({ first_at: firstAt, last_at: lastAt, ...rest }) => ({ ...rest, firstAt, lastAt }))
    },
    async list(which, page) {
      return (await pick(which, page)).map(stored)
    },
    async find(id) {
      const [row] = await pick({ id }, { limit: 1 })
      return row ? stored(row) : null
    },
    async redrive({ id, trigger, fingerprint, since, correlationid }, { rate }) {
      const gap = rate === undefined ? 0 : 1 / rate
      const rows = await query`
        update dead_letters d set redrive_at = clock_timestamp() + make_interval(secs => ${gap}::double precision * (n.n - 1))
        from (
          select id, row_number() over (order by at, id) as n from dead_letters
          where redrive_at is null and (${id ?? null}::uuid is null or id = ${id ?? null}::uuid)
            and (${trigger ?? null}::text is null or trigger = ${trigger ?? null}::text)
            and (${fingerprint ?? null}::text is null or fingerprint = ${fingerprint ?? null}::text)
            and (${since ?? null}::timestamptz is null or at >= ${since ?? null}::timestamptz)
            and (${correlationid ?? null}::text is null or record->'headers'->>'ce_correlationid' = ${correlationid ?? null}::text)
        ) n where d.id = n.id returning 1`
      await query`select pg_notify(${CHANNEL}, '')`
      return rows.length
    },
    async discard(id) {
      const rows = await query`delete from dead_letters where id = ${id} returning 1`
      return rows.length > 0
    },
    alone: (work, signal) => database.holding('mezz redrive', work, signal),
    async due(most, underWay) {
      const rows = await query<Row>`
        select id, trigger, topic, partition, record, attempts, error, fingerprint, at, redrive_at from dead_letters
        where redrive_at <= clock_timestamp() and id <> all (${[...underWay]}::uuid[]) order by redrive_at, id limit ${most}`
      return rows.map(stored)
    },
    async nextDue(underWay) {
      const [row] = await query<{ wait: number | null }>`
        select extract(epoch from min(redrive_at) - clock_timestamp())::double precision * 1000 as wait from dead_letters
        where redrive_at is not null and id <> all (${[...underWay]}::uuid[])`
      return row?.wait == null ? null : Math.max(0, row.wait)
    },
    async done(id) {
      await query`delete from dead_letters where id = ${id}`
    },
    async failed(id, { attempts, error, redriveAt }) {
      const [row] = await query<{ trigger: string }>`select trigger from dead_letters where id = ${id}`
      if (!row) return
      await query`
        update dead_letters set attempts = ${attempts}, error = ${error}::jsonb, at = clock_timestamp(), redrive_at = ${redriveAt},
          fingerprint = ${fingerprintOf(row.trigger, error)} where id = ${id}`
    },
    rung: bell(database, CHANNEL, LOOK_AGAIN),
  }
}

function stored({ redrive_at: redriveAt, ...rest }: Row): StoredDeadLetter {
  return { ...rest, redriveAt }
}
