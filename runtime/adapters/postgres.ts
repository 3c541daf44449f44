import { setTimeout as wait } from 'node:timers/promises'
import type { ClientBase, ClientConfig } from 'pg'
import pg from 'pg'
import { PlatformError, unavailable } from '../errors.ts'
import type { Query } from '../ports.ts'
import { listener } from './postgres-listen.ts'

/** A connection pool to one PostgreSQL database; connects with its first query. */
export interface Database {
  query: Query
  /** One transaction; what `work` throws rolls it back. Where the server gave it up for another one's sake (40001, 40P01) `work` runs again, five times at most. */
  transaction<result>(work: (query: Query) => Promise<result>): Promise<result>
  /** Statements in one text, for schema files; no values. */
  script(text: string): Promise<void>
  /** Calls back at each notification of the channel, and with '' at each (re)connection, for what was missed. Answers with what ends it. */
  listen(channel: string, heard: (payload: string) => void): () => void
  /** Runs `work` while a connection of its own holds the advisory lock, for which it waits; the work's signal ends when the connection is lost or the given one ends. */
  holding(lock: string, work: (signal: AbortSignal) => Promise<void>, signal?: AbortSignal): Promise<void>
  /** Takes an advisory lock by a connection of its own, if nobody holds it; answers with what gives it back, or `null`. */
  tryLock(lock: string): Promise<(() => Promise<void>) | null>
  close(): Promise<void>
}

export interface DatabaseOptions {
  readonly url: string
  /** Connections at most. */
  readonly most?: number
  readonly name?: string
  /** Schema that unqualified names mean. */
  readonly schema?: string
  /** The role itself has that search path, so that no connection has to set it: a pooler such as PgBouncer refuses to. */
  readonly roleHasPath?: boolean
}

const IDLE = 20_000
const CONNECT = 5000
/** Milliseconds that the end of connections may take. */
const END = 2000
const INT8 = 20
/** Serialization failure and deadlock: the server asks that the transaction be made again. */
const AGAIN: readonly (string | undefined)[] = ['40001', '40P01']
const TRIES = 5
/** Milliseconds before the second try, at most; doubled for each further one. */
const PAUSE = 20
/** Of a statement that took longer than its role may. */
const TOO_LONG = '57014'
/** Of a lock that others held for longer than its role waits. */
const LOCKED = '55P03'

/** SQLSTATE classes that mean "not now" and not "wrong": connection exceptions, resources, shut-down, too many connections. */
const NOT_NOW = /^(08|53|57P)/
const SOCKET = /^(ECONN|ENOTFOUND|EPIPE|ETIMEDOUT|EAI_|EHOSTUNREACH|ENETUNREACH|EADDRNOTAVAIL)/
/** What the client says itself, without a code. */
const CLIENT =
  /^(Connection terminated|timeout exceeded|Client has encountered a connection error|Cannot use a pool after)/

/** 64-bit integers come as numbers: counts, offsets and sequence numbers stay below 2^53. */
const types: NonNullable<ClientConfig['types']> = {
  getTypeParser: (oid, format) => (oid === INT8 ? Number : pg.types.getTypeParser(oid, format)),
}

/** Opens nothing yet; a server that does not answer is `unavailable`. */
export function openDatabase({ url, most = 4, name = 'mezz', schema, roleHasPath }: DatabaseOptions): Database {
  const config: ClientConfig = {
    connectionString: url,
    application_name: name,
    connectionTimeoutMillis: CONNECT,
    keepAlive: true,
    types,
    ...(schema && !roleHasPath ? { options: `-c search_path=${schema}` } : {}),
  }
  const pool = new pg.Pool({ ...config, max: most, idleTimeoutMillis: IDLE, allowExitOnIdle: true })
  // A connection that is lost while nobody uses it is replaced by the next query.
  pool.on('error', () => undefined)
  const channels = listener(() => newClient(config))

  return {
    query: queryOn(pool),
    async transaction(work) {
      for (let left = TRIES - 1; ; left--) {
        try {
          return await once(pool, work)
        } catch (error) {
          if (!AGAIN.includes(sqlState(error))) throw error
          if (left === 0) throw unavailable('PostgreSQL', error)
          // By chance, or those that met would meet again.
          await wait(Math.random() * PAUSE * 2 ** (TRIES - 1 - left))
        }
      }
    },
    async script(text) {
      await pool.query(text).catch(fail)
    },
    listen: channels.listen,
    async holding(lock, work, signal) {
      const client = newClient({ ...config, application_name: `${name} ${lock}` })
      const lost = new AbortController()
      const ended = signal ? AbortSignal.any([signal, lost.signal]) : lost.signal
      client.on('error', () => lost.abort())
      client.on('end', () => lost.abort())
      const end = (): void => void endSoon(client)
      signal?.addEventListener('abort', end, { once: true })
      try {
        await client.connect()
        // The wait for another engine's end has no limit, whatever its role has for statements.
        await client.query('set statement_timeout = 0')
        await client.query('set lock_timeout = 0')
        await client.query('select pg_advisory_lock(hashtextextended($1, 0))', [lock])
        await work(ended)
      } catch (error) {
        if (!signal?.aborted) throw translate(error)
      } finally {
        signal?.removeEventListener('abort', end)
        await endSoon(client)
      }
    },
    async tryLock(lock) {
      const client = newClient(config)
      client.on('error', () => undefined)
      try {
        await client.connect()
        // By a transaction that stays open: a pooler may give what no transaction holds to somebody else.
        await client.query('begin')
        const { rows } = await client.query('select pg_try_advisory_xact_lock(hashtextextended($1, 0)) as got', [
          `${schema} ${lock}`,
        ])
        if (rows[0]?.got === true) return () => endSoon(client)
      } catch (error) {
        await endSoon(client)
        throw translate(error)
      }
      await endSoon(client)
      return null
    },
    async close() {
      channels.close()
      await Promise.race([pool.end(), after(END)])
    },
  }
}

async function once<result>(pool: pg.Pool, work: (query: Query) => Promise<result>): Promise<result> {
  const client = await pool.connect().catch(fail)
  let broken: Error | undefined
  const lost = (error: Error): void => {
    broken = error
  }
  client.on('error', lost)
  try {
    await client.query('begin')
    const result = await work(queryOn(client))
    const { command } = await client.query('commit')
    // The server answers so, without an error, where a statement failed and `work` went on as if it had not.
    if (command !== 'COMMIT') throw new Error('a statement of the transaction failed: nothing of it is stored')
    return result
  } catch (error) {
    if (!broken) await client.query('rollback').catch(lost)
    throw translate(error)
  } finally {
    client.off('error', lost)
    client.release(broken)
  }
}

/** The SQLSTATE of an error that the server itself gave, or `undefined`. */
export function sqlState(error: unknown): string | undefined {
  return error instanceof pg.DatabaseError ? error.code : undefined
}

function newClient(config: ClientConfig) {
  return new pg.Client(config)
}

/** Ends a connection; one that does not answer is cut. */
async function endSoon(client: ReturnType<typeof newClient>): Promise<void> {
  await Promise.race([client.end().catch(() => undefined), after(END)])
}

function after(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds).unref())
}

function queryOn(on: Pick<ClientBase, 'query'>): Query {
  return async function query<row extends object>(
    text: TemplateStringsArray,
    ...values: readonly unknown[]
  ): Promise<row[]> {
    const statement = text.reduce((before, part, at) => `${before}$${at}${part}`)
    try {
      const { rows } = await on.query(
        statement,
        values.map((value, at) => bound(value, text[at + 1] ?? '')),
      )
      // The caller says what it selected.
      return rows as row[]
    } catch (error) {
      throw translate(error)
    }
  }
}

/** An array is one of PostgreSQL's only where the statement says so (`::text[]`); else arrays and objects are JSON. */
function bound(value: unknown, behind: string): unknown {
  if (typeof value !== 'object' || value === null || value instanceof Date || ArrayBuffer.isView(value)) return value
  if (Array.isArray(value) && /^::\w+\[\]/.test(behind)) return value
  return JSON.stringify(value)
}

function fail(error: unknown): never {
  throw translate(error)
}

function translate(error: unknown): unknown {
  if (!(error instanceof Error)) return error
  const state = sqlState(error)
  if (state === TOO_LONG)
    return new PlatformError('timeout', 'a statement took PostgreSQL too long; nothing of its transaction is stored', {
      cause: error,
    })
  if (state === LOCKED)
    return new PlatformError('unavailable', 'others held a lock in PostgreSQL for too long; nothing is stored', {
      cause: error,
      retryAfter: 1,
    })
  const code = 'code' in error ? String(error.code) : ''
  const isAway = NOT_NOW.test(code) || SOCKET.test(code) || CLIENT.test(error.message)
  return isAway ? unavailable('PostgreSQL', error) : error
}
