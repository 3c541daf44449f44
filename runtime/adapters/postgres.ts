import type { ClientBase, ClientConfig } from 'pg'
import pg from 'pg'
import { unavailable } from '../errors.ts'
import type { Query } from '../ports.ts'
import { listener } from './postgres-listen.ts'

/** A connection pool to one PostgreSQL database; connects with its first query. */
export interface Database {
  query: Query
  /** One transaction; what `work` throws rolls it back. */
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
}

const IDLE = 20_000
const CONNECT = 5000
/** Milliseconds that the end of connections may take. */
const END = 2000
const INT8 = 20

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
export function openDatabase({ url, most = 4, name = 'mezz', schema }: DatabaseOptions): Database {
  const config: ClientConfig = {
    connectionString: url,
    application_name: name,
    connectionTimeoutMillis: CONNECT,
    keepAlive: true,
    types,
    ...(schema ? { options: `-c search_path=${schema}` } : {}),
  }
  const pool = new pg.Pool({ ...config, max: most, idleTimeoutMillis: IDLE, allowExitOnIdle: true })
  // A connection that is lost while nobody uses it is replaced by the next query.
  pool.on('error', () => undefined)
  const channels = listener(() => newClient(config))

  return {
    query: queryOn(pool),
    async transaction(work) {
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
        const { rows } = await client.query('select pg_try_advisory_lock(hashtextextended($1, 0)) as got', [
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
  const code = 'code' in error ? String(error.code) : ''
  const isAway = NOT_NOW.test(code) || SOCKET.test(code) || CLIENT.test(error.message)
  return isAway ? unavailable('PostgreSQL', error) : error
}
