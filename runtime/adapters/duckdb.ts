import { createReadStream, createWriteStream } from 'node:fs'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import type { DuckDBConnection, DuckDBInstance, DuckDBType, DuckDBValue } from '@duckdb/node-api'
import { PlatformError } from '../errors.ts'
import type { ObjectRef, Objects, TableInputs, TableSession, Tables } from '../ports.ts'
import { identifier, literal } from '../tabular/quote.ts'
import { isoTime } from '../tabular/time.ts'

/** What is read of an object store, and stored in it. */
type Stored = Pick<Objects, 'read' | 'put'>

export interface DuckdbOptions {
  readonly objects: Stored
  /** Where sessions keep their files while they last. */
  readonly folder: string
  /** What one session's database may hold in memory before it spills to its folder: `200MB`. */
  readonly memoryLimit: string
  readonly threads?: number
}

/** How many values a row group may hold: it is built in memory as a whole. */
const ROW_GROUP_VALUES = 2_000_000

/** DuckDB in this process: a database and a folder for each session, both opened when they are needed and gone with it. */
export function duckdbTables({ objects, folder, memoryLimit, threads = 1 }: DuckdbOptions): Tables {
  return {
    async open(inputs, work) {
      await mkdir(folder, { recursive: true })
      const own = await mkdtemp(join(folder, 'tables-'))
      const database = lazy(() => openDatabase(own, { memoryLimit, threads }))
      try {
        const views = await fetchInputs(objects, own, inputs)
        const connection = lazy(async () => {
          const { connection } = await database.get()
          for (const view of views) await connection.run(view)
          return connection
        })
        return await work(session(objects, own, connection.get))
      } finally {
        const opened = await database.opened()
        opened?.connection.closeSync()
        opened?.instance.closeSync()
        await rm(own, { recursive: true, force: true })
      }
    },
  }
}

interface Database {
  readonly instance: DuckDBInstance
  readonly connection: DuckDBConnection
}

async function openDatabase(folder: string, limits: { memoryLimit: string; threads: number }): Promise<Database> {
  const { DuckDBInstance } = await import('@duckdb/node-api')
  const instance = await DuckDBInstance.create(':memory:', {
    threads: String(limits.threads),
    memory_limit: limits.memoryLimit,
    temp_directory: join(folder, 'spill'),
    autoload_known_extensions: 'false',
    autoinstall_known_extensions: 'false',
  })
  const connection = await instance.connect()
  await connection.run(`set allowed_directories = [${literal(folder)}]`)
  await connection.run('set enable_external_access = false')
  await connection.run('set lock_configuration = true')
  return { instance, connection }
}

/** Lays each input down as files; answers with the statements that make them views. */
async function fetchInputs(objects: Stored, folder: string, inputs: TableInputs): Promise<string[]> {
  const views: string[] = []
  for (const [view, [name, refs]] of Object.entries(inputs).entries()) {
    const paths: string[] = []
    for (const [part, ref] of refs.entries()) {
      const path = join(folder, `input-${view}-${part}.parquet`)
      await pipeline((await found(objects, ref)).body, createWriteStream(path))
      paths.push(literal(path))
    }
    views.push(`create view ${identifier(name)} as select * from read_parquet([${paths.join(', ')}])`)
  }
  return views
}

async function found(objects: Stored, ref: ObjectRef) {
  const object = await objects.read(ref.name)
  if (!object) throw new PlatformError('not_found', `the table's object ${ref.name} is not there`)
  return object
}

function session(objects: Stored, folder: string, connect: () => Promise<DuckDBConnection>): TableSession {
  let stored = 0

  async function query<row extends object>(text: string, values: readonly unknown[] = []): Promise<row[]> {
    const reader = await (await connect()).runAndReadAll(text, values.map(bound)).catch(failed)
    return jsonRows<row>(reader.columnNames(), reader.columnTypes())(reader.getRows())
  }

  async function* each<row extends object>(select: string): AsyncGenerator<row[]> {
    try {
      const result = await (await connect()).stream(select)
      const toRows = jsonRows<row>(result.columnNames(), result.columnTypes())
      for await (const rows of result.yieldRows()) yield toRows(rows)
    } catch (error) {
      failed(error)
    }
  }

  return {
    folder,
    query,
    each,
    async store(select, { format = 'parquet' } = {}) {
      const path = join(folder, `store-${stored++}.${format}`)
      const columns = (await query(`describe ${select}`)).length
      const group = Math.min(122_880, Math.max(2048, Math.floor(ROW_GROUP_VALUES / columns)))
      const options =
        format === 'csv' ? 'format csv, header' : `format parquet, compression zstd, row_group_size ${group}`
      const [done] = await query<{ Count: number }>(`copy (${select}) to ${literal(path)} (${options})`)
      try {
        return { ...(await objects.put(createReadStream(path))), rows: done?.Count ?? 0 }
      } finally {
        await rm(path, { force: true })
      }
    },
  }
}

function jsonRows<row extends object>(names: readonly string[], types: readonly DuckDBType[]) {
  const times = types.map((type) => String(type) === 'TIMESTAMP')
  return (rows: readonly (readonly DuckDBValue[])[]): row[] => {
    const made = rows.map((row) =>
      Object.fromEntries(row.map((value, i) => [names[i], times[i] ? moment(value) : json(value)])),
    )
    // The caller states the row it selected, as with the sql port.
    return made as row[]
  }
}

function failed(error: unknown): never {
  if (!(error instanceof Error && error.message.startsWith('Out of Memory Error'))) throw error
  throw new PlatformError('too_large', 'the table needs more memory than a session may use', { cause: error })
}

/** Integers go in as integers, so that `limit ?` takes them. */
function bound(value: unknown): DuckDBValue {
  if (typeof value === 'number') return Number.isSafeInteger(value) && !Object.is(value, -0) ? BigInt(value) : value
  if (typeof value === 'string' || typeof value === 'boolean' || value === null) return value
  throw new TypeError(`cannot bind a ${typeof value}`)
}

/** A value as JSON has it: an integer beyond 2^53 as text, a time as ISO text, what no JSON number is as null. */
function json(value: DuckDBValue): unknown {
  if (typeof value === 'number') return Number.isFinite(value) ? value : null
  if (typeof value === 'bigint') return safe(value) ? Number(value) : String(value)
  if (typeof value !== 'object' || value === null) return value
  return 'scale' in value ? value.toDouble() : String(value)
}

function moment(value: DuckDBValue): string | null {
  return typeof value === 'object' && value !== null && 'micros' in value ? isoTime(value.micros) : null
}

function safe(value: bigint): boolean {
  return value <= BigInt(Number.MAX_SAFE_INTEGER) && value >= BigInt(Number.MIN_SAFE_INTEGER)
}

function lazy<value>(make: () => Promise<value>) {
  let made: Promise<value> | undefined
  return {
    get(): Promise<value> {
      made ??= make()
      return made
    },
    /** What was made, if anything was. */
    opened: () => made?.catch(() => undefined),
  }
}
