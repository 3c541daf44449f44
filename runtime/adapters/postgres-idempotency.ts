import type { Idempotency, StoredAnswer } from '../context.ts'
import type { Database } from './postgres.ts'

interface Row {
  readonly digest: string
  readonly answer: StoredAnswer
}

/** Idempotency keys as a table of the function's schema; who works on one holds an advisory lock by a connection of its own, which ends with its process. */
export function postgresIdempotency(database: Database): Idempotency {
  const { query } = database

  return {
    async begin({ caller, route, key, digest }) {
      const release = await database.tryLock(`idempotency ${JSON.stringify([caller, route, key])}`)
      if (!release) return 'in flight'
      try {
        const [row] = await query<Row>`
          select digest, answer from idempotency where caller = ${caller} and route = ${route} and key = ${key}
            and at > clock_timestamp() - interval '24 hours'`
        if (!row) return { release, keep: (answer) => keep(answer) }
        await release()
        return row.digest === digest ? { answer: row.answer } : 'another'
      } catch (error) {
        await release()
        throw error
      }

      async function keep(answer: StoredAnswer): Promise<void> {
        await query`delete from idempotency where at < clock_timestamp() - interval '24 hours'`
        await query`
          insert into idempotency (caller, route, key, digest, answer)
          values (${caller}, ${route}, ${key}, ${digest}, ${answer}::jsonb) on conflict do nothing`
      }
    },
  }
}
