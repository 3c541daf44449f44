import { existsSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Hono, MiddlewareHandler } from 'hono'
import { openDatabase } from '../../runtime/adapters/postgres.ts'
import { prepareTeam } from '../../runtime/adapters/team-database.ts'
import { createApp } from '../../runtime/app.ts'
import { encodeAttribute } from '../../runtime/ce-headers.ts'
import type { Caller } from '../../runtime/context.ts'
import { requestContext } from '../../runtime/context.ts'
import type { FunctionDefinition } from '../../runtime/define.ts'
import type { Environment } from '../../runtime/env.ts'
import { readEnvironment } from '../../runtime/env.ts'
import type { ATTRIBUTES, EventType } from '../../runtime/event.ts'
import { developerOf } from '../../runtime/identity.ts'
import { createMetrics } from '../../runtime/metrics.ts'
import type { JobRequest, Objects, PortName, Ports, Query } from '../../runtime/ports.ts'
import type { RequestLog } from '../../runtime/request-log.ts'
import { specOf } from '../../runtime/routes.ts'
import type { OpenedPort } from '../../runtime/serve.ts'
import { uuidv7 } from '../../runtime/uuid.ts'
import type { NamedWorkload } from '../../runtime/workloads.ts'
import { open as openModels } from '../compose/models.ts'
import { open as openObjects } from '../compose/objects.ts'
import { open as openSql } from '../compose/sql.ts'
import { open as openTables } from '../compose/tables.ts'
import { answerChecker } from './answers.ts'
import { cutting } from './cut.ts'
import { effectsOf } from './effects.ts'
import { pausing, pausingObjects } from './pausing.ts'
import { testPostgres } from './postgres.ts'
import { deliverTwice } from './twice.ts'

export interface SetupOptions {
  /** Runs each event handler twice, the first time cut between its work and its commit, then repeats the event: one effect, in all its tables and objects, or the test fails. A handler without a transaction is run twice whole. */
  readonly twice?: boolean
  /** Where the function's `schema/` lies: `import.meta.dirname` of a test beside it, or found by the function's name. */
  readonly folder?: string
  /** Is awaited before each statement, each commit and each object written by name: so a test varies how those that work at once meet. */
  readonly pause?: () => Promise<void>
}

export interface Emitted {
  readonly id: string
  readonly type: string
  readonly source: string
  readonly key: string
  readonly correlationid: string
  readonly data: unknown
}

export interface FunctionTest {
  readonly app: Hono
  /** Asks as the team's developer; the answer is held against the function's OpenAPI document. */
  request(path: string, init?: RequestInit): Promise<Response>
  /** The same with a JSON body. */
  send(method: string, path: string, body: unknown): Promise<Response>
  /** Brings an event as the engine does; `id` and `source` say which one it is. */
  deliver<data>(
    type: EventType<data>,
    data: data,
    attributes?: Partial<Record<(typeof ATTRIBUTES)[number], string>>,
  ): Promise<Response>
  /** What it has emitted so far, in order. */
  emitted(): Promise<Emitted[]>
  /** The jobs that it has asked for so far, in order. */
  jobs(): Promise<{ readonly id: string; readonly request: JobRequest }[]>
  /** The workloads that it wants now, by name. */
  workloads(): Promise<readonly NamedWorkload[]>
  /** The owners for whom it keeps blobs now, by name. */
  kept(): Promise<string[]>
  readonly objects: Objects
  /** Its tables, by its own role. */
  readonly query: Query
  /** The lines it has logged. */
  readonly log: RequestLog[]
  /** Another instance over the same database and folder, as another process would be; closed on its own. */
  beside(): Promise<FunctionTest>
  close(): Promise<void>
}

/** Header by which the kit's own middleware knows who asks. */
const AS = 'x-test-as'

let databases = 0

/** A function on the embedded systems, alone: a database of its own on the test file's PostgreSQL, and a temporary folder. */
export async function setup<uses extends PortName, types extends string>(
  fn: FunctionDefinition<uses, types>,
  { folder, ...options }: SetupOptions = {},
): Promise<FunctionTest> {
  const server = await testPostgres()
  const team = {
    team: `test-${process.pid}-${databases++}`,
    adminUrl: server.url,
    password: (role: string) => `pw-${role}`,
  }
  const urls = await prepareTeam(team, [
    { name: fn.name, emits: (fn.emits ?? []).map(({ type }) => type), folder: schemaFolder(fn.name, folder) },
  ])
  const place = await mkdtemp(join(server.folder, `${fn.name}-`))
  const environment = readEnvironment({
    MEZZ_TEAM: team.team,
    DATABASE_URL: urls.of(fn.name),
    OBJECTS_FOLDER: join(place, 'objects'),
    TABLES_FOLDER: join(place, 'tables'),
  })
  return instance(fn, { ...options, environment, engineUrl: urls.engine })
}

interface InstanceOptions extends Omit<SetupOptions, 'folder'> {
  readonly environment: Environment
  readonly engineUrl: string
}

async function instance<uses extends PortName, types extends string>(
  fn: FunctionDefinition<uses, types>,
  options: InstanceOptions,
): Promise<FunctionTest> {
  const { environment, engineUrl, twice = false, pause } = options
  const { MEZZ_TEAM: team, DATABASE_URL: url = '' } = environment
  // All ports are opened here, each lazily.
  const definition: FunctionDefinition = fn
  const opened = {
    objects: openObjects(environment),
    sql: openSql(environment, definition),
    tables: openTables(environment),
    models: openModels(),
  }
  const cut = cutting(pause ? pausing(opened.sql.port, pause) : opened.sql.port)
  const ports: Ports<string> = {
    objects: pause ? pausingObjects(opened.objects.port, pause) : opened.objects.port,
    sql: cut.sql,
    tables: opened.tables.port,
    models: opened.models.port,
  }
  const log: RequestLog[] = []
  const asCaller: MiddlewareHandler = async (c, next) => {
    const context = requestContext.getStore()
    if (context) context.caller = c.req.header(AS) ? engineOf(team) : developerOf(team)
    await next()
  }
  const app = createApp(definition, ports, {
    authenticate: asCaller,
    inbox: fn.uses.some((name) => name === 'sql') ? opened.sql.inbox : undefined,
    idempotency: opened.sql.idempotency,
    metrics: createMetrics(fn.name),
    log: (line) => log.push(line),
  })
  const check = await answerChecker(app)
  const engine = openDatabase({ url: engineUrl, most: 2 })
  const own = openDatabase({ url, most: 2 })

  async function request(path: string, init: RequestInit = {}): Promise<Response> {
    const response = await app.request(path, init)
    await check(init.method ?? 'GET', path.split('?')[0] ?? '', response)
    return response
  }
  const bring = (path: string, { headers, ...init }: RequestInit): Promise<Response> =>
    request(path, { ...init, headers: { ...Object.fromEntries(new Headers(headers)), [AS]: 'engine' } })
  const effects = effectsOf({
    name: fn.name,
    own: own.query,
    engine: engine.query,
    objects: opened.objects.port,
  })

  return {
    app,
    request,
    send: (method, path, body) =>
      request(path, { method, body: JSON.stringify(body), headers: { 'Content-Type': 'application/json' } }),
    async deliver(type, data, attributes = {}) {
      const path = routeOf(definition.app(ports), type.type)
      const init = { method: 'POST', headers: eventHeaders(type, data, attributes), body: JSON.stringify(data) }
      const once = () => bring(path, init)
      return twice ? deliverTwice({ path, bring: once, bringCut: () => cut.during(once), effects }) : once()
    },
    async emitted() {
      const rows = await engine.query<Omit<Emitted, 'data'> & { data: string }>`
        select id, type, source, key, correlationid, data from outbox order by seq`
      return rows.map(({ data, ...rest }) => ({ ...rest, data: JSON.parse(data) as unknown }))
    },
    jobs: () => engine.query`select id, request from jobs order by created_at, id`,
    workloads: () => engine.query<NamedWorkload>`select name, workload from workloads order by name`,
    async kept() {
      const rows = await engine.query<{ owner: string }>`select distinct owner from blobs order by owner`
      return rows.map(({ owner }) => owner)
    },
    objects: ports.objects,
    query: own.query,
    log,
    beside: () => instance(fn, options),
    async close() {
      const closing: readonly OpenedPort<unknown>[] = Object.values(opened)
      await Promise.all([engine.close(), own.close(), ...closing.map(({ close }) => close?.())])
    },
  }
}

function engineOf(team: string): Caller {
  return { kind: 'engine', team, id: 'engine', type: 'system', scopes: [] }
}

function routeOf(app: Hono, type: string): string {
  const route = app.routes.find(({ handler }) => specOf(handler)?.event?.type === type)
  if (!route) throw new Error(`no route takes ${type}`)
  return route.path
}

function eventHeaders(type: EventType, data: unknown, given: Partial<Record<string, string>>): Record<string, string> {
  const id = given['id'] ?? uuidv7()
  const made: Record<string, string> = {
    specversion: '1.0',
    id,
    source: '/test/tester',
    type: type.type,
    subject: type.key(data),
    partitionkey: type.key(data),
    time: new Date().toISOString(),
    authtype: 'user',
    authid: 'test/tester',
    causationid: id,
    correlationid: id,
  }
  const headers = Object.entries({ ...made, ...given }).map(([name, value]) => [
    `ce-${name}`,
    encodeAttribute(value ?? ''),
  ])
  return { 'Content-Type': 'application/json', ...Object.fromEntries(headers) }
}

/** `functions/<name>/schema` of the nearest folder above that has it: of the test, or of the platform itself. */
function schemaFolder(name: string, given: string | undefined): string | null {
  const ours = fileURLToPath(new URL('../..', import.meta.url))
  for (let at = given ?? process.cwd(); ; at = dirname(at)) {
    const found = [join(at, 'schema'), join(at, 'functions', name, 'schema')].find((one) => existsSync(one))
    if (found) return found
    if (at === dirname(at)) break
  }
  const own = join(ours, 'functions', name, 'schema')
  return existsSync(own) ? own : null
}
