import { cpus } from 'node:os'
import { childProcesses } from '../../runtime/adapters/child-processes.ts'
import { openDatabase } from '../../runtime/adapters/postgres.ts'
import { postgresCancellations } from '../../runtime/adapters/postgres-cancellations.ts'
import { postgresDeadLetters } from '../../runtime/adapters/postgres-dead-letters.ts'
import { postgresExpiry } from '../../runtime/adapters/postgres-expiry.ts'
import { postgresJobs } from '../../runtime/adapters/postgres-jobs.ts'
import { postgresLedger } from '../../runtime/adapters/postgres-ledger.ts'
import { postgresOutbox } from '../../runtime/adapters/postgres-outbox.ts'
import { postgresRecords } from '../../runtime/adapters/postgres-records.ts'
import { postgresSchedules } from '../../runtime/adapters/postgres-schedules.ts'
import { postgresTriggerStates } from '../../runtime/adapters/postgres-trigger-states.ts'
import { postgresUsage } from '../../runtime/adapters/postgres-usage.ts'
import { postgresWorkloads } from '../../runtime/adapters/postgres-workloads.ts'
import type { Cancellations } from '../../runtime/cancellations.ts'
import type { DeadLetters } from '../../runtime/dead-letters.ts'
import type { Environment } from '../../runtime/env.ts'
import { installerEnvironment, retentionIn } from '../../runtime/env.ts'
import type { Outbox } from '../../runtime/outbox.ts'
import type { Objects } from '../../runtime/ports.ts'
import type { Records } from '../../runtime/records.ts'
import type { Spans } from '../../runtime/spans.ts'
import type { EngineKey } from '../../runtime/token.ts'
import { engineTokens } from '../../runtime/token.ts'
import type { TriggerStates } from '../../runtime/trigger-states.ts'
import type { Usage } from '../../runtime/usage.ts'
import type { Workloads } from '../../runtime/workloads.ts'
import type { Target } from '../../triggers/engine/deliver.ts'
import { post, postBatch } from '../../triggers/engine/deliver.ts'
import { toldBatch, toldDelivery } from '../../triggers/engine/delivery-spans.ts'
import type { Engine } from '../../triggers/engine/engine.ts'
import { startEngine } from '../../triggers/engine/engine.ts'
import type { StoredBytes } from '../../triggers/engine/stored-bytes.ts'
import { createStoredBytes } from '../../triggers/engine/stored-bytes.ts'
import { supervise } from '../../triggers/engine/supervise.ts'
import type { EngineLog, NamedTrigger } from '../../triggers/engine/trigger.ts'
import { openTopics } from '../compose/topics.ts'
import type { DataFolder } from './data-folder.ts'
import type { Serving } from './serving.ts'

export interface LocalEngineOptions {
  readonly environment: Environment
  readonly folder: DataFolder
  readonly objects: Objects
  /** The database, by the engine's own role. */
  readonly databaseUrl: string
  readonly key: EngineKey
  readonly workloads: Workloads
  readonly spans?: Spans | undefined
  readonly log: EngineLog
}

export interface LocalEngine {
  readonly outbox: Outbox
  readonly records: Records
  readonly states: TriggerStates
  readonly deadLetters: DeadLetters
  readonly cancellations: Cancellations
  readonly usage: Usage
  readonly stored: StoredBytes
  /** Delivers to the functions behind this gateway from now on. */
  start(serving: Serving, url: string): Engine
  close(): Promise<void>
}

/** A cold start and a queue come before the function's own time. */
const DELIVERY_EXTRA = 30_000
const CONNECTIONS = 10
const PARTITIONS = 4

/** The engine on the embedded systems. It has one name for each data folder: what an earlier life held is its own to take up at once. */
export function openLocalEngine({
  environment,
  folder,
  objects,
  databaseUrl,
  key,
  workloads,
  spans,
  log,
}: LocalEngineOptions): LocalEngine {
  const team = environment.MEZZ_TEAM
  const name = `laptop ${folder.path}`
  const database = openDatabase({ url: databaseUrl, most: CONNECTIONS, name: 'mezz engine', schema: 'mezz' })
  const records = postgresRecords(database)
  const outbox = postgresOutbox(database)
  const states = postgresTriggerStates(database)
  const deadLetters = postgresDeadLetters(database)
  const cancellations = postgresCancellations(database)
  const usage = postgresUsage(database, { team })
  const ended = new AbortController()
  const stored = createStoredBytes({ team, objects, usage, signal: ended.signal })
  let readings = Promise.resolve()
  const tokenFor = engineTokens(key)
  const topics = openTopics(environment, { database, member: name })

  return {
    outbox,
    records,
    states,
    deadLetters,
    cancellations,
    usage,
    stored,
    start(serving, url) {
      readings = supervise('stored bytes', () => stored.everyHour(), { signal: ended.signal, log })
      const functions = () => serving.catalogue().functions
      return startEngine({
        team,
        topics,
        ledger: postgresLedger(database),
        outbox,
        records,
        states,
        deadLetters,
        schedules: postgresSchedules(database),
        cancellations,
        expiry: postgresExpiry(database),
        objects,
        retention: retentionIn(environment),
        wanted: postgresWorkloads(database),
        workloads,
        jobs: postgresJobs(database, { team, engine: name }),
        launcher: childProcesses({
          objects,
          folder: folder.jobs,
          node: process.execPath,
          cache: environment.MEZZ_CACHE ?? folder.cache,
          resolve: (owner, program) => ({
            command: [process.execPath, serving.program(owner, program)],
            environment: { MEZZ_INSTALLER: JSON.stringify(installerEnvironment()) },
          }),
        }),
        parallelJobs: Math.max(1, cpus().length - 1),
        partitions: PARTITIONS,
        log,
        spans,
        triggers: () => serving.catalogue().triggers,
        told: () => functions().flatMap(({ definition }) => (definition.emits ?? []).map(({ topic }) => topic)),
        async deliver(trigger, record) {
          const target = await targetOf(trigger)
          return toldDelivery(spans, trigger, record, (traceparent) => post(record, { ...target, traceparent }))
        },
        async deliverBatch(trigger, records) {
          const target = await targetOf(trigger)
          return toldBatch(spans, trigger, records, (traceparent) => postBatch(records, { ...target, traceparent }))
        },
      })

      async function targetOf({ definition: { deliver } }: NamedTrigger): Promise<Target> {
        const target = functions().find((one) => one.name === deliver.to)
        return {
          url: `${url}/${team}/${deliver.to}${deliver.path}`,
          token: await tokenFor(`/${team}/${deliver.to}`),
          timeout: (target?.definition.timeout ?? 60) * 1000 + DELIVERY_EXTRA,
        }
      }
    },
    async close() {
      ended.abort()
      await readings
      await topics.close()
      await database.close()
    },
  }
}
