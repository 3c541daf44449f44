import { existsSync } from 'node:fs'
import { cpus } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { childProcesses } from '../../runtime/adapters/child-processes.ts'
import { folderObjects } from '../../runtime/adapters/folder.ts'
import { openDatabase } from '../../runtime/adapters/postgres.ts'
import { postgresJobs } from '../../runtime/adapters/postgres-jobs.ts'
import { postgresLedger } from '../../runtime/adapters/postgres-ledger.ts'
import { postgresOutbox } from '../../runtime/adapters/postgres-outbox.ts'
import { postgresRecords } from '../../runtime/adapters/postgres-records.ts'
import { postgresTopics } from '../../runtime/adapters/postgres-topics.ts'
import type { FunctionSchema } from '../../runtime/adapters/team-database.ts'
import type { Environment } from '../../runtime/env.ts'
import { inheritedEnvironment } from '../../runtime/env.ts'
import { authenticate } from '../../runtime/identity.ts'
import { engineTokens, publicKeys } from '../../runtime/token.ts'
import { createEngineApp } from '../../triggers/engine/app.ts'
import { post } from '../../triggers/engine/deliver.ts'
import type { Engine } from '../../triggers/engine/engine.ts'
import { startEngine } from '../../triggers/engine/engine.ts'
import type { NamedTrigger, TriggerStatus } from '../../triggers/engine/trigger.ts'
import type { FoundFunction } from '../found.ts'
import { calm } from './calm.ts'
import { openDataFolder } from './data-folder.ts'
import { engineKey } from './engine-key.ts'
import { openLogBook } from './log-book.ts'
import type { LogLine } from './process.ts'
import type { Serving } from './serving.ts'
import { createServing } from './serving.ts'
import { openTeamStore } from './team-store.ts'

export interface PlatformOptions {
  /** The data folder. */
  readonly data: string
  /** 0 for any free one. */
  readonly port: number
  /** Folders with functions and triggers beside our own. */
  readonly folders: readonly string[]
  /** Milliseconds without a request after which a process ends. */
  readonly idle: number
  readonly environment: Environment
  /** A line that a function's process has printed, or the platform itself (as `mezz`). */
  heard(line: LogLine): void
}

export interface Platform {
  readonly url: string
  /** What is not there yet, each with its reason. */
  missing(): readonly string[]
  status(): Promise<unknown>
  /** Lets what is in flight end, for at most so many milliseconds, and ends everything it started. */
  close(grace: number): Promise<void>
}

/** A cold start and a queue come before the function's own time. */
const DELIVERY_EXTRA = 30_000
const PARTITIONS = 4
/** Milliseconds. */
const STATUS_WAITS = 1000

/** The platform without a cluster: embedded stores, the engine, and a gateway behind which each function has processes of its own. */
export async function startPlatform(options: PlatformOptions): Promise<Platform> {
  const { environment, folders, idle } = options
  const team = environment.MEZZ_TEAM
  const folder = await openDataFolder(options.data)
  const book = await openLogBook(folder.logs, options.heard)
  const log = calm((level, message, error) => {
    const told = error === undefined ? message : `${message}: ${error instanceof Error ? causes(error) : error}`
    const line = JSON.stringify({ at: new Date().toISOString(), level, message: told })
    book.write({ function: 'mezz', pid: process.pid, at: new Date().toISOString(), line })
  })
  const key = await engineKey(folder.path)
  const store = await openTeamStore({ team, folder, url: environment.DATABASE_URL, log })
  const objectsFolder = environment.OBJECTS_FOLDER ?? folder.objects
  const objects = folderObjects(objectsFolder)
  const inherited = inheritedEnvironment()

  const database = openDatabase({ url: store.urls.engine, most: 10, name: 'mezz engine', schema: 'mezz' })
  const name = `laptop ${folder.path}`
  const records = postgresRecords(database)
  const outbox = postgresOutbox(database)
  let serving: Serving | undefined
  let engine: Engine | undefined
  let url = ''

  const triggers = (): readonly NamedTrigger[] => serving?.catalogue().triggers ?? []
  const tokenFor = engineTokens(key)
  const app = createEngineApp({
    team,
    outbox,
    records,
    authenticate: authenticate({ team, verifyEngine: undefined, developer: true }),
    triggers,
    status,
    logs: (page) => book.read(page),
  })
  async function status() {
    return {
      functions: (serving?.status() ?? []).map((one) => ({ ...one, ...declared(one.name) })),
      triggers: await triggerStatus(),
      missing: missing(),
    }
  }
  /** None while the database does not answer: what else there is to say must not wait for it. */
  async function triggerStatus(): Promise<readonly TriggerStatus[]> {
    const known = engine?.status().catch(() => [])
    return (await Promise.race([known, wait(STATUS_WAITS, [], { ref: false })])) ?? []
  }
  /** What its declaration says, beside its numbers. */
  function declared(name: string) {
    const found = serving?.catalogue().functions.find((one) => one.name === name)
    if (!found) return {}
    const { definition, ours } = found
    const uses = 'uses' in definition ? definition.uses : []
    return { summary: definition.summary, uses, emits: (definition.emits ?? []).map(({ type }) => type), ours }
  }
  function missing(): readonly string[] {
    const why = store.missing()
    return why === null ? [] : [`PostgreSQL (${store.where}): ${why}`]
  }
  function environmentOf({ name: own, definition }: FoundFunction): Record<string, string> {
    const uses = 'uses' in definition ? definition.uses : []
    const has = (...ports: readonly string[]): boolean => uses.some((port) => ports.includes(port))
    return {
      ...inherited,
      MEZZ_TEAM: team,
      MEZZ_ENGINE_KEYS: JSON.stringify(publicKeys([key])),
      MEZZ_DEVELOPER: '1',
      ...(has('sql') ? { DATABASE_URL: store.urls.of(own) } : {}),
      ...(has('objects', 'tables') ? { OBJECTS_FOLDER: objectsFolder } : {}),
      ...(has('tables') ? { TABLES_FOLDER: join(folder.run, 'tables'), TABLES_MEMORY: environment.TABLES_MEMORY } : {}),
    }
  }

  serving = await createServing({
    team,
    folders,
    idle,
    data: join(folder.run, 'serving'),
    path: inherited['PATH'] ?? '',
    platform: (request) => app.fetch(request),
    log: (line) => book.write(line),
    env: environmentOf,
    prepare: (fn) =>
      'app' in fn.definition && fn.definition.uses.includes('sql') ? store.prepare([schemaOf(fn)]) : Promise.resolve(),
    changed: () => void engine?.changed(),
  })
  const port = await serving.listen(options.port)
  url = `http://127.0.0.1:${port}`
  engine = startEngine({
    team,
    topics: postgresTopics(database, { member: name }),
    ledger: postgresLedger(database),
    outbox,
    records,
    jobs: postgresJobs(database, { team, engine: name }),
    launcher: childProcesses({
      objects,
      folder: folder.jobs,
      node: process.execPath,
      resolve: (owner, program) => ({ command: [process.execPath, serving?.program(owner, program) ?? ''] }),
    }),
    parallelJobs: Math.max(1, cpus().length - 1),
    partitions: PARTITIONS,
    log,
    triggers,
    told: () =>
      (serving?.catalogue().functions ?? []).flatMap(({ definition }) =>
        (definition.emits ?? []).map(({ topic }) => topic),
      ),
    async deliver({ definition: { deliver } }, record) {
      const target = serving?.catalogue().functions.find((one) => one.name === deliver.to)
      return post(record, {
        url: `${url}/${team}/${deliver.to}${deliver.path}`,
        token: await tokenFor(`/${team}/${deliver.to}`),
        timeout: (target?.definition.timeout ?? 60) * 1000 + DELIVERY_EXTRA,
      })
    },
  })
  serving.watch()

  return {
    url,
    missing,
    status,
    async close(grace) {
      await engine?.close()
      await serving?.drain(grace)
      await database.close()
      await store.close()
      await book.close()
      await folder.close()
    },
  }
}

function schemaOf({ name, file, definition }: FoundFunction): FunctionSchema {
  const folder = schemaFolder(file)
  return { name, emits: (definition.emits ?? []).map(({ type }) => type), folder: existsSync(folder) ? folder : null }
}

/** Beside the function; in the package, whose JavaScript lies apart, beside its source. */
function schemaFolder(file: string): string {
  return join(dirname(file), 'schema')
}

function causes(error: Error): string {
  return error.cause instanceof Error ? `${error.message} ← ${causes(error.cause)}` : error.message
}
