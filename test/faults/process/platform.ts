// One life of a platform under test: the engine, the functions and a gateway, of the product's own parts. It ends by SIGTERM, or at a point by SIGKILL.

import { subscribe } from 'node:diagnostics_channel'
import { appendFileSync, readFileSync } from 'node:fs'
import * as z from 'zod'
import { openDataFolder } from '../../../build/local/data-folder.ts'
import { engineKey } from '../../../build/local/engine-key.ts'
import { childProcesses } from '../../../runtime/adapters/child-processes.ts'
import { folderObjects } from '../../../runtime/adapters/folder.ts'
import { openDatabase } from '../../../runtime/adapters/postgres.ts'
import { postgresCancellations } from '../../../runtime/adapters/postgres-cancellations.ts'
import { postgresDeadLetters } from '../../../runtime/adapters/postgres-dead-letters.ts'
import { postgresExpiry } from '../../../runtime/adapters/postgres-expiry.ts'
import { postgresJobs } from '../../../runtime/adapters/postgres-jobs.ts'
import { postgresLedger } from '../../../runtime/adapters/postgres-ledger.ts'
import { postgresOutbox } from '../../../runtime/adapters/postgres-outbox.ts'
import { postgresRecords } from '../../../runtime/adapters/postgres-records.ts'
import { postgresSchedules } from '../../../runtime/adapters/postgres-schedules.ts'
import { postgresTopics } from '../../../runtime/adapters/postgres-topics.ts'
import { postgresTriggerStates } from '../../../runtime/adapters/postgres-trigger-states.ts'
import { postgresUsage } from '../../../runtime/adapters/postgres-usage.ts'
import { postgresWorkloads } from '../../../runtime/adapters/postgres-workloads.ts'
import { authenticate } from '../../../runtime/identity.ts'
import { publicKeys } from '../../../runtime/jwt.ts'
import { retentionOf } from '../../../runtime/retention.ts'
import { engineTokens } from '../../../runtime/token.ts'
import { createEngineApp } from '../../../triggers/engine/app.ts'
import { post, postBatch } from '../../../triggers/engine/deliver.ts'
import { startEngine } from '../../../triggers/engine/engine.ts'
import type { NamedTrigger } from '../../../triggers/engine/trigger.ts'
import { TRY } from '../generate.ts'
import { TRIGGERS } from '../toys/triggers.ts'
import { jobsAt, launcherAt, ledgerAt, outboxAt } from './engine-ports.ts'
import { mutated } from './mutants.ts'
import { createPassage } from './passage.ts'
import { FUNCTIONS, serveToys } from './serving.ts'
import { files, Settings } from './settings.ts'

const GRACE = 10_000
/** What Node tells of a request whose head it has read. */
const Started = z.object({ request: z.object({ headers: z.record(z.string(), z.unknown()) }) })
const KEPT = 100 * 365 * 24 * 3_600_000

const settings = Settings.parse(JSON.parse(process.argv[2] ?? ''))
const { orders, clock, heard } = files(settings.data)
subscribe('http.server.request.start', (message) => {
  const { request } = Started.parse(message)
  const name = request.headers[TRY]
  if (name) appendFileSync(heard, `${name}\n`)
})
const passage = createPassage(orders)
const folder = await openDataFolder(settings.data)
const key = await engineKey(folder.path)
const keys = publicKeys([key])
const database = openDatabase({ url: settings.engineUrl, most: 10, name: 'mezz engine', schema: 'mezz' })
const name = `faults ${folder.path}`
const outbox = outboxAt(passage, postgresOutbox(database))
const records = postgresRecords(database)
const states = postgresTriggerStates(database)
const deadLetters = postgresDeadLetters(database)
const cancellations = postgresCancellations(database)
const objects = folderObjects(folder.objects)

const app = createEngineApp({
  team: 'toys',
  outbox,
  records,
  states,
  deadLetters,
  cancellations,
  usage: (question) => postgresUsage(database, { team: 'toys' }).read(question),
  authenticate: authenticate({
    team: 'toys',
    name: 'mezz',
    verifyEngine: undefined,
    findCaller: undefined,
    developer: true,
    audit: () => undefined,
  }),
  triggers: () => TRIGGERS,
  status: () => Promise.resolve({}),
  metrics: () => Promise.resolve([]),
  logs: () => [],
})
const { pools, gateway } = serveToys(settings, {
  folder,
  keys,
  platform: (request) => app.fetch(request),
})
await gateway.listen(settings.port)

const tokenFor = engineTokens(key)
const targetOf = async ({ definition: { deliver } }: NamedTrigger) => ({
  url: `http://127.0.0.1:${settings.port}/toys/${deliver.to}${deliver.path}`,
  token: await tokenFor(`/toys/${deliver.to}`),
  timeout: 30_000,
})
const options = mutated(settings.mutant, {
  team: 'toys',
  topics: postgresTopics(database, { member: name }),
  ledger: ledgerAt(passage, postgresLedger(database)),
  outbox,
  records,
  states,
  deadLetters,
  schedules: postgresSchedules(database),
  cancellations,
  expiry: postgresExpiry(database),
  objects,
  // The judge reads the whole log, also where the clock jumps over a year.
  retention: retentionOf({ log: KEPT, deadLetters: KEPT, inbox: 2 * KEPT, flows: KEPT, jobs: 2 * KEPT }),
  wanted: postgresWorkloads(database),
  workloads: { apply: () => Promise.resolve(), remove: () => Promise.resolve(), status: () => Promise.resolve([]) },
  jobs: jobsAt(passage, postgresJobs(database, { team: 'toys', engine: name })),
  launcher: launcherAt(
    passage,
    childProcesses({
      objects,
      folder: folder.jobs,
      node: process.execPath,
      cache: folder.cache,
      resolve: () => ({ command: [process.execPath, settings.program] }),
    }),
  ),
  parallelJobs: 2,
  partitions: 3,
  clock: () => Date.now() + ahead(),
  log: (level, message, error) => console.log(level, message, error instanceof Error ? error.message : ''),
  triggers: () => TRIGGERS,
  told: () => FUNCTIONS.flatMap(({ emits = [] }) => emits.map(({ topic }) => topic)),
  async deliver(trigger, record) {
    const target = await targetOf(trigger)
    passage('read-before-call')
    return post(record, target)
  },
  deliverBatch: async (trigger, several) => postBatch(several, await targetOf(trigger)),
})
const engine = startEngine(options)
console.log('ready')

process.once('SIGTERM', async () => {
  await engine.close()
  await gateway.drain(GRACE)
  await Promise.all(pools.map((pool) => pool.drain(GRACE)))
  await database.close()
  await folder.close()
  process.exit(0)
})

// Its tester is gone.
process.stdin.resume().on('end', () => process.exit(1))

/** Milliseconds by which the clock that people set is ahead. */
function ahead(): number {
  try {
    return Number(readFileSync(clock, 'utf8'))
  } catch {
    return 0
  }
}
