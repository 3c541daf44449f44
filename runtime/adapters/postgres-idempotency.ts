import type { Idempotency, StoredAnswer } from '../context.ts'
import { PlatformError } from '../errors.ts'
import type { Query } from '../ports.ts'
import type { RequestDigest } from '../request-digest.ts'
import type { Database } from './postgres.ts'

interface Row {
  readonly digest: string | null
  readonly bytes: number | null
  readonly answer: StoredAnswer | null
}

/**
 * Idempotency keys as a table of the function's schema. Who works on one holds an advisory lock by a connection of its own, which
 * ends with its process; where that is lost alone, the row decides whose effect it is.
 */
export function postgresIdempotency(database: Database): Idempotency {
  const { query } = database

  return {
    async begin({ caller, route, key, request }) {
      const release = await database.tryLock(`idempotency ${JSON.stringify([caller, route, key])}`)
      if (!release) return 'in flight'
      try {
        await query`delete from idempotency where at < clock_timestamp() - interval '24 hours'`
        const [row] = await query<Row>`
          select digest, bytes, answer from idempotency where caller = ${caller} and route = ${route} and key = ${key}`
        if (!row) return { mark, keep, release }
        await release()
        return { digest: digestIn(row), answer: row.answer }
      } catch (error) {
        await release()
        throw error
      }

      async function mark(inside: Query, digest: RequestDigest | null): Promise<void> {
        if (await write(inside, digest, null)) return
        throw new PlatformError('in_progress', 'another request of this Idempotency-Key took effect meanwhile', {
          retryAfter: 1,
        })
      }

      async function keep(digest: RequestDigest, answer: StoredAnswer): Promise<void> {
        await write(query, digest, answer)
      }

      /** Whether the row is this request's; what it knows already stays. */
      async function write(by: Query, digest: RequestDigest | null, answer: StoredAnswer | null): Promise<boolean> {
        const rows = await by`
          insert into idempotency as known (caller, route, key, request, digest, bytes, answer)
          values (${caller}, ${route}, ${key}, ${request}, ${digest?.sha256}, ${digest?.bytes}, ${answer}::jsonb)
          on conflict (caller, route, key) do update set
            digest = coalesce(known.digest, excluded.digest), bytes = coalesce(known.bytes, excluded.bytes),
            answer = coalesce(known.answer, excluded.answer)
          where known.request = excluded.request returning 1`
        return rows.length > 0
      }
    },
  }
}

function digestIn({ digest, bytes }: Row): RequestDigest | null {
  return digest === null ? null : { sha256: digest, bytes: bytes ?? 0 }
}
