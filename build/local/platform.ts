import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import type { FunctionSchema } from '../../runtime/adapters/team-database.ts'
import type { Environment } from '../../runtime/env.ts'
import { inheritedEnvironment, installerEnvironment, telemetryEnvironment } from '../../runtime/env.ts'
import { authenticate } from '../../runtime/identity.ts'
import { openIssuers } from '../../runtime/issuers.ts'
import { publicKeys } from '../../runtime/jwt.ts'
import { laptopIssuer } from '../../runtime/laptop-issuer.ts'
import { createEngineApp } from '../../triggers/engine/app.ts'
import type { Engine } from '../../triggers/engine/engine.ts'
import { triggerFamilies } from '../../triggers/engine/engine-counts.ts'
import { createFunctionCounts } from '../../triggers/engine/function-counts.ts'
import { open as openObjects } from '../compose/objects.ts'
import { objectVariables, s3Of } from '../compose/s3.ts'
import type { FoundFunction } from '../found.ts'
import { admission } from './admit.ts'
import { keepBucket } from './bucket.ts'
import { calm } from './calm.ts'
import { checkConnections } from './connection-budget.ts'
import { openCountsDoor } from './counts-door.ts'
import { openDataFolder } from './data-folder.ts'
import { engineKey, laptopKey } from './engine-key.ts'
import type { Connection } from './fetch.ts'
import type { LocalEngine } from './local-engine.ts'
import { openLocalEngine } from './local-engine.ts'
import { openLogBook } from './log-book.ts'
import { openMeter } from './meter.ts'
import { platformFamilies } from './platform-families.ts'
import { openPlatformSpans } from './platform-spans.ts'
import { functionStatus, triggerStatus } from './platform-status.ts'
import type { LogLine } from './process.ts'
import { createServing } from './serving.ts'
import { openTeamStore } from './team-store.ts'
import { workloadPrograms } from './workload-programs.ts'
import type { LocalWorkloads } from './workloads.ts'
import { localWorkloads } from './workloads.ts'

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

/** Milliseconds. */
const RETURN_WAITS = 5000
const BUCKET_WAITS = 5000
const GIVE_UP_GRACE = 1000
const LAST_REPORT = 2000
const LAST_SPANS = 2000

/** The platform without a cluster: embedded stores, the engine, and a gateway behind which each function has processes of its own. Rejects with nothing left running. */
export async function startPlatform(options: PlatformOptions): Promise<Platform> {
  const endings: ((grace: number) => Promise<void>)[] = []
  const close = async (grace: number): Promise<void> => {
    const faults: unknown[] = []
    // What cannot be ended well keeps nothing else alive.
    for (const end of endings.splice(0).reverse()) await end(grace).catch((error: unknown) => faults.push(error))
    if (faults.length > 0) throw faults[0]
  }
  try {
    return { ...(await open(options, (end) => endings.push(end))), close }
  } catch (error) {
    await close(GIVE_UP_GRACE)
    throw error
  }
}

/** Opens one thing after the other; each says how it is ended. */
async function open(
  { data, port, folders, idle, environment, heard }: PlatformOptions,
  atEnd: (end: (grace: number) => Promise<void>) => void,
): Promise<Omit<Platform, 'close'>> {
  const team = environment.MEZZ_TEAM
  const folder = await openDataFolder(data)
  atEnd(() => folder.close())
  const book = await openLogBook(folder.logs, heard)
  atEnd(() => book.close())
  const say = <line extends { readonly at: string }>(line: line): void =>
    book.write({ function: 'mezz', pid: process.pid, at: line.at, line: JSON.stringify(line) })
  const log = calm((level, message, error) => {
    const told = error === undefined ? message : `${message}: ${error instanceof Error ? causes(error) : error}`
    const at = new Date().toISOString()
    say({ at, level, message: told })
  })
  const spans = openPlatformSpans(environment, log)
  atEnd(() => spans.close(LAST_SPANS))
  const counts = createFunctionCounts()
  const door = await openCountsDoor(counts.take)
  atEnd(() => door.close())
  const key = await engineKey(folder.path)
  const engineKeys = publicKeys([key])
  const issuers = [...(environment.MEZZ_ISSUERS ?? []), laptopIssuer(publicKeys([await laptopKey(folder.path)]), team)]
  const trust = {
    team,
    findCaller: openIssuers(issuers, { team }),
    // Whoever sets up issuers wants callers to be known.
    developer: environment.MEZZ_ISSUERS === undefined,
  }
  const objectStore = { ...environment, OBJECTS_FOLDER: environment.OBJECTS_FOLDER ?? folder.objects }
  const { port: objects, close: closeObjects } = openObjects(objectStore)
  atEnd(async () => closeObjects?.())
  const s3 = s3Of(environment)
  const bucket = s3 && keepBucket(s3, log)
  atEnd(async () => bucket?.close())

  // The database starts while the functions are bundled; who needs it waits for it.
  const limits = { statement: environment.MEZZ_SQL_STATEMENT, lock: environment.MEZZ_SQL_LOCK }
  const storing = openTeamStore({ team, folder, url: environment.DATABASE_URL, log, limits })
  atEnd(() => storing.then((store) => store.close()).catch(() => undefined))
  storing.catch(() => undefined)
  const inherited = inheritedEnvironment()
  async function environmentOf({ name, definition }: FoundFunction): Promise<Record<string, string>> {
    const uses = 'uses' in definition ? definition.uses : []
    const has = (...ports: readonly string[]): boolean => uses.some((one) => ports.includes(one))
    return {
      ...inherited,
      ...telemetryEnvironment(name),
      MEZZ_TEAM: team,
      MEZZ_ENGINE_KEYS: JSON.stringify(engineKeys),
      MEZZ_DEVELOPER: trust.developer ? '1' : '0',
      // The gateway judges who calls a program, which must not see the secrets of issuers.
      ...('app' in definition ? { MEZZ_ISSUERS: JSON.stringify(issuers), MEZZ_METRICS_URL: door.url } : {}),
      ...(has('sql') ? { DATABASE_URL: (await storing).urls.of(name) } : {}),
      ...(has('objects', 'tables') ? objectVariables(objectStore) : {}),
      ...(has('tables') ? { TABLES_FOLDER: join(folder.run, 'tables'), TABLES_MEMORY: environment.TABLES_MEMORY } : {}),
    }
  }
  const meter = openMeter({ failed: (error) => log('warn', 'usage was not stored; it is kept', error) })
  let local: LocalEngine | undefined
  // After the last process has ended, while the database is still there.
  atEnd(async () => {
    await meter.close(LAST_REPORT)
    await local?.close()
  })
  let engine: Engine | undefined
  let workloads: LocalWorkloads | undefined
  let platform: (request: Request, connection: Connection) => Response | Promise<Response> = () =>
    new Response(null, { status: 503 })
  const serving = await createServing({
    team,
    folders,
    idle,
    meter,
    spans: spans.gateway,
    ended: counts.ended,
    data: join(folder.run, 'serving'),
    path: inherited['PATH'] ?? '',
    platform: (request, connection) => platform(request, connection),
    admit: admission({ ...trust, engineKeys }),
    developer: trust.developer,
    audit: say,
    log: (line) => book.write(line),
    env: environmentOf,
    async prepare(fn) {
      if ('app' in fn.definition && fn.definition.uses.includes('sql')) await (await storing).prepare([schemaOf(fn)])
    },
    refusal: (name) => workloads?.refusal(name),
    changed() {
      engine?.changed()
      void workloads?.refresh()
    },
  })
  atEnd((grace) => serving.drain(grace))
  if (environment.DATABASE_URL) {
    await checkConnections(environment.DATABASE_URL, { functions: serving.catalogue().functions, log })
  }
  const placed = await localWorkloads({
    folder: folder.workloads,
    serving,
    isFunction: (name) => serving.catalogue().functions.some((one) => one.name === name),
    programOf: workloadPrograms(serving, {
      objects,
      folder: folder.workloads,
      cache: environment.MEZZ_CACHE ?? folder.cache,
      inherited,
      installer: installerEnvironment(),
    }),
    failed: (name, error) => log('warn', `the workload ${name} does not start`, error),
  })
  workloads = placed
  // Those that a crash left behind answer again with their next request.
  const returning = placed.refresh()
  atEnd(() => returning)
  await Promise.race([returning, wait(RETURN_WAITS, undefined, { ref: false })])

  await Promise.race([bucket?.tried, wait(BUCKET_WAITS, undefined, { ref: false })])

  const store = await storing
  const missing = (): readonly string[] => {
    const why = { [`PostgreSQL (${store.where})`]: store.missing(), [`S3 (${s3?.endpoint})`]: bucket?.missing() }
    return Object.entries(why).flatMap(([system, one]) => (one ? [`${system}: ${one}`] : []))
  }
  const status = async () => ({
    functions: functionStatus(serving, await placed.status()),
    triggers: await triggerStatus(engine),
    missing: missing(),
  })
  local = openLocalEngine({
    environment,
    folder,
    objects,
    databaseUrl: store.urls.engine,
    key,
    workloads: placed,
    spans: spans.engine,
    log,
  })
  const { usage, stored } = local
  meter.reportTo(usage)
  const app = createEngineApp({
    team,
    outbox: local.outbox,
    records: local.records,
    states: local.states,
    deadLetters: local.deadLetters,
    cancellations: local.cancellations,
    authenticate: authenticate({ ...trust, name: 'mezz', verifyEngine: undefined, audit: say }),
    triggers: () => serving.catalogue().triggers,
    status,
    spans: spans.engine,
    metrics: async () => [
      ...platformFamilies(counts, serving.status()),
      ...(engine?.families() ?? []),
      ...triggerFamilies(await triggerStatus(engine)),
    ],
    async usage(question) {
      await Promise.all([meter.report(), stored.refresh()])
      return usage.read(question)
    },
    logs: (page) => book.read(page),
  })
  platform = (request, connection) => app.fetch(request, connection)
  const url = `http://127.0.0.1:${await serving.listen(port)}`
  engine = local.start(serving, url)
  atEnd(async () => engine?.close())
  serving.watch()
  return { url, missing, status }
}

function schemaOf({ name, file, definition }: FoundFunction): FunctionSchema {
  const folder = join(dirname(file), 'schema')
  return { name, emits: (definition.emits ?? []).map(({ type }) => type), folder: existsSync(folder) ? folder : null }
}

function causes(error: Error): string {
  return error.cause instanceof Error ? `${error.message} ← ${causes(error.cause)}` : error.message
}
