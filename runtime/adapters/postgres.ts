import { setImmediate as immediate } from 'node:timers/promises'
import postgres from 'postgres'
import { PlatformError, unavailable } from '../errors.ts'
import type { Query } from '../ports.ts'

/** A connection pool to one PostgreSQL database; connects with its first query. */
export interface Database {
  query: Query
  /** One transaction; what `work` throws rolls it back. */
  transaction<result>(work: (query: Query) => Promise<result>): Promise<result>
  /** Statements in one text, for schema files; no values. */
  script(text: string): Promise<void>
  /** Calls back at each notification of the channel, and once at each (re)connection, for what was missed. */
  listen(channel: string, heard: (payload: string) => void): Promise<() => Promise<void>>
  /** Runs `work` on one connection of its own while holding the advisory lock; waits for the lock. Rejects when the connection is lost. */
  holding(lock: string, work: (signal: AbortSignal) => Promise<void>): Promise<void>
  close(): Promise<void>
}

export interface DatabaseOptions {
  readonly url: string
  /** Connections at most. */
  readonly most?: number
  readonly name?: string
  /** Schema that unqualified names mean. */
  readonly schema?: string
}

const IDLE_SECONDS = 20
const CONNECT_SECONDS = 5
/** Seconds between tries to connect: a server that comes back is found so soon. */
const MOST_BACKOFF = 0.5

/** SQLSTATE classes that mean "not now" and not "wrong": connection exceptions, resources, shut-down, too many connections. */
const NOT_NOW = /^(08|53|57P)/
const CLIENT_CODES = [
  'CONNECTION_CLOSED',
  'CONNECTION_ENDED',
  'CONNECTION_DESTROYED',
  'CONNECT_TIMEOUT',
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOTFOUND',
  'EPIPE',
  'ETIMEDOUT',
]

/** Opens nothing yet; a server that does not answer is `unavailable`. */
export function openDatabase({ url, most = 4, name = 'mezz', schema }: DatabaseOptions): Database {
  const sql = postgres(url, {
    max: most,
    idle_timeout: IDLE_SECONDS,
    connect_timeout: CONNECT_SECONDS,
    backoff: (tries) => Math.min(MOST_BACKOFF, 0.02 * 2 ** tries),
    onnotice: () => undefined,
    connection: { application_name: name, ...(schema ? { search_path: schema } : {}) },
    // 64-bit integers come as numbers: counts, offsets and sequence numbers stay below 2^53.
    types: { bigint: { to: 20, from: [20], parse: Number, serialize: String } },
  })
  const queryOn = (on: postgres.Sql | postgres.TransactionSql): Query =>
    async function query<row extends object>(
      text: TemplateStringsArray,
      ...values: readonly unknown[]
    ): Promise<row[]> {
      try {
        // The client takes unknown values and finds their types from the server's description of the statement.
        return [...(await on<row[]>(text, ...(values as postgres.ParameterOrFragment<never>[])))] as row[]
      } catch (error) {
        throw translate(error)
      }
    }

  return {
    query: queryOn(sql),
    async transaction(work) {
      let isLost = false
      const inside = sql.begin(async (on) => {
        const query = queryOn(on)
        try {
          return await work(async (text, ...values) => {
            if (isLost) throw unavailable('PostgreSQL', new Error('the connection of this transaction is closed'))
            try {
              return await query(text, ...values)
            } catch (error) {
              if (error instanceof PlatformError && isClosed(error.cause)) isLost = true
              throw error
            }
          })
        } catch (error) {
          await immediate()
          throw error
        } finally {
          // The client would write its `commit` or `rollback` into the closed socket, and that ends the process
          // (postgres 3.4.9, connection.js: nextWrite). It has rejected the transaction itself.
          if (isLost) await new Promise(() => undefined)
        }
      })
      try {
        inside.catch(() => {
          isLost = true
        })
        return (await inside) as Awaited<ReturnType<typeof work>>
      } catch (error) {
        throw translate(error)
      }
    },
    async script(text) {
      await sql.unsafe(text).simple().catch(fail)
    },
    async listen(channel, heard) {
      const { unlisten } = await sql.listen(channel, heard, () => heard('')).catch(fail)
      return unlisten
    },
    async holding(lock, work) {
      const own = postgres(url, {
        max: 1,
        connect_timeout: CONNECT_SECONDS,
        onnotice: () => undefined,
        connection: { application_name: `${name} ${lock}` },
        onclose: () => lost.abort(),
      })
      const lost = new AbortController()
      try {
        await own`select pg_advisory_lock(hashtextextended(${lock}, 0))`
        await work(lost.signal)
      } catch (error) {
        throw translate(error)
      } finally {
        await own.end({ timeout: 1 })
      }
    },
    async close() {
      await sql.end({ timeout: 5 })
    },
  }
}

/** The SQLSTATE of an error that the server itself gave, or `undefined`. */
export function sqlState(error: unknown): string | undefined {
  if (error instanceof postgres.PostgresError) return error.code
  return undefined
}

function fail(error: unknown): never {
  throw translate(error)
}

function isClosed(error: unknown): boolean {
  return CLIENT_CODES.includes(codeOf(error))
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : ''
}

function translate(error: unknown): unknown {
  return NOT_NOW.test(codeOf(error)) || isClosed(error) ? unavailable('PostgreSQL', error) : error
}
