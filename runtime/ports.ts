import type { EventType } from './event.ts'
import type { Workload } from './workload.ts'

/** Bytes in an object store, with their digest: what events and rows carry in their place. */
export interface ObjectRef {
  readonly name: string
  /** Hex. */
  readonly sha256: string
  readonly bytes: number
}

/** Bytes that go in: whole, or as they come (a web ReadableStream is one). */
export type Body = Uint8Array | AsyncIterable<Uint8Array>

export interface OpenObject {
  readonly bytes: number
  readonly body: AsyncIterable<Uint8Array>
}

/** Bytes by name (`a/b.parquet`: plain steps), streamed both ways. What is acknowledged survives a crash; no reader sees half. */
export interface Objects {
  /** Stores bytes under their own digest, `blobs/<sha256>`; the same bytes again change nothing but their age. */
  put(body: Body): Promise<ObjectRef>
  /** Stores bytes under a name, in place of what was there. */
  write(name: string, body: Body): Promise<ObjectRef>
  /** `null` where there is no such object; `range` is in bytes, `end` exclusive. */
  read(name: string, range?: { readonly start: number; readonly end: number }): Promise<OpenObject | null>
  /** The objects whose names begin so, in the order of their names' UTF-8 bytes. */
  list(
    prefix: string,
    page?: { readonly after?: string; readonly limit?: number },
  ): Promise<readonly { readonly name: string; readonly bytes: number }[]>
  /** Also when it is not there. */
  remove(name: string): Promise<void>
  /** For the sweeper, which is alone: removes a blob, unless it was put since `before` or `isKept` says at the last moment that it must stay; answers whether it did. */
  sweep(sha256: string, unless: { readonly before: Date; readonly isKept: () => Promise<boolean> }): Promise<boolean>
}

/** A statement with its values bound, never text that is joined: numbers, strings, booleans, null, Date, Uint8Array; arrays and objects are JSON (for jsonb), but for an array behind which `::text[]`, `::bigint[]`, … stands. */
export type Query = <row extends object>(text: TemplateStringsArray, ...values: readonly unknown[]) => Promise<row[]>

/** Rows and events, all stored or none; what `work` throws rolls back. `types` are the events it may emit: by default none. */
export interface Sql<types extends string = never> {
  /** One statement of its own. */
  query: Query
  /** In a handler reached by an event: the one transaction in which the event takes effect, or does not because it did before. */
  transaction<result>(work: (tx: Transaction<types>) => Promise<result>): Promise<result>
  /** A job of this function, or `null`. */
  job(id: string): Promise<JobState | null>
  /** What a job of this function has printed, beyond line `after` (the first line is 1). */
  jobLog(id: string, page: { readonly after: number; readonly limit: number }): Promise<readonly JobLine[]>
  /**
   * What came of a thing of this team (`datasets/sales@3`; without a version, of all its versions), in any number of
   * steps, and is still there; the oldest first. An event counts a moment after its commit.
   */
  madeFrom(name: string): Promise<readonly MadeThing[]>
}

/** A thing in the lineage: `mezz://<team>/<kind>/<name>[@version]`. */
export interface MadeThing {
  readonly id: string
  readonly kind: string
  readonly name: string
  readonly version: string | null
  readonly at: Date
}

export interface JobState {
  readonly state: 'queued' | 'running' | 'succeeded' | 'failed' | 'cancelled'
  readonly attempt: number
  /** 0 to 1. */
  readonly progress: number
  readonly metrics: Readonly<Record<string, number>>
  readonly error: string | null
  readonly startedAt: Date | null
  readonly endedAt: Date | null
}

export interface JobLine {
  readonly n: number
  readonly at: Date
  readonly line: string
}

export interface Transaction<types extends string = never> {
  query: Query
  /** An event is stored with the rows or not at all; a relay sends it after the commit. Answers with its id. */
  emit<data>(type: EventType<data, types>, data: data, options?: { readonly subject?: string }): string
  /** Asks the engine for a job, in this transaction; answers with its id. Its end comes back as `mezz.job.ended.v1`. */
  startJob(job: JobRequest): string
  /** Asks that a job of this function ends, in whatever state it is: it ends `cancelled`, unless it ended before. */
  cancelJob(id: string): Promise<void>
  /** Asks for a workload of this name (a DNS label) in place of what has it, or with `null` for none; the engine follows after the commit. */
  serve(name: string, workload: Workload | null): Promise<void>
  /** One at a time of all transactions of this function that lock this name. */
  lock(name: string): Promise<void>
  /** Says that rows of `owner` name these blobs, so that the sweeper leaves them. */
  keep(owner: string, blobs: readonly ObjectRef[]): Promise<void>
  /** Says that no row of `owner` names a blob any more: what no other owner keeps is the sweeper's. */
  release(owner: string): Promise<void>
}

/** Kubernetes quantities: `500m`, `256Mi`. */
export interface Resources {
  readonly cpu: string
  readonly memory: string
}

/** A program that runs once, in its own process or pod, with files in and files out. */
export interface JobRequest {
  /** A program that the asking function declares. */
  readonly program: string
  /** Objects laid down as files; the program finds each file's path in the variable of this name. */
  readonly inputs: Readonly<Record<string, ObjectRef>>
  /** Further variables. */
  readonly environment?: Readonly<Record<string, string>>
  readonly resources?: Resources
  /** Seconds an attempt may take. */
  readonly timeout?: number
  readonly attempts?: number
  /** Under whose names its usage counts, beside those of the function and the program. */
  readonly for?: { readonly pipeline?: string; readonly model?: string }
}

/** What a table query reads: Parquet objects of one schema, read as one table. */
export type TableInputs = Readonly<Record<string, readonly ObjectRef[]>>

/** SQL over files. */
export interface Tables {
  /** Opens a scratch database in which each input is a view of its name; gone with the work, its files too. */
  open<result>(inputs: TableInputs, work: (session: TableSession) => Promise<result>): Promise<result>
}

export interface TableSession {
  /** A folder of this machine, gone with the session: statements may read and write files in it, by path, and nowhere else. */
  readonly folder: string
  /** Any statement; `values` stand for `?`. Rows as JSON values: numbers (also for integers), strings, booleans, null. */
  query<row extends object>(text: string, values?: readonly unknown[]): Promise<row[]>
  /** The rows of a SELECT as `query` gives them, in its order, some at a time: as many as it has, in little memory. No other statement before the last. */
  each<row extends object>(select: string): AsyncIterable<row[]>
  /** Stores the rows of a SELECT, in its order, as one blob: Parquet, or CSV (RFC 4180 with a header; missing is empty; a number's text reads back as the same double). */
  store(
    select: string,
    options?: { readonly format?: 'parquet' | 'csv' },
  ): Promise<ObjectRef & { readonly rows: number }>
}

export type TensorType = 'float64' | 'float32' | 'int64' | 'int32' | 'bool' | 'string'

/** Dense, row-major; `data.length` is the product of `shape`. */
export interface Tensor {
  readonly type: TensorType
  readonly shape: readonly number[]
  readonly data: Float64Array | Float32Array | BigInt64Array | Int32Array | Uint8Array | readonly string[]
}

export interface TensorInfo {
  readonly name: string
  readonly type: TensorType
  /** -1 where any length goes. */
  readonly shape: readonly number[]
}

/** ONNX graphs. */
export interface Models {
  /** Loads a graph (cached by its digest); a graph that cannot be run is `unprocessable`. */
  load(graph: Uint8Array): Promise<Model>
}

export interface Model {
  readonly inputs: readonly TensorInfo[]
  readonly outputs: readonly TensorInfo[]
  /** Runs rows (the first dimension) through the graph; calls that meet are gathered into one run. */
  run(inputs: Readonly<Record<string, Tensor>>): Promise<Readonly<Record<string, Tensor>>>
}

export interface Ports<types extends string = never> {
  objects: Objects
  sql: Sql<types>
  tables: Tables
  models: Models
}

export type PortName = keyof Ports
