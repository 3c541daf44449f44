import { setTimeout as wait } from 'node:timers/promises'
import type { Cancellations } from '../../runtime/cancellations.ts'
import type { DeadLetters } from '../../runtime/dead-letters.ts'
import type { Family } from '../../runtime/exposition.ts'
import type { JobStore } from '../../runtime/job-store.ts'
import type { Launcher } from '../../runtime/launcher.ts'
import type { Ledger } from '../../runtime/ledger.ts'
import type { Outbox } from '../../runtime/outbox.ts'
import type { Records } from '../../runtime/records.ts'
import type { Schedules } from '../../runtime/schedules.ts'
import type { Spans } from '../../runtime/spans.ts'
import type { LogRecord, Topics } from '../../runtime/topics.ts'
import type { TriggerStates } from '../../runtime/trigger-states.ts'
import type { WantedWorkloads, Workloads } from '../../runtime/workloads.ts'
import { judge } from './core/policy.ts'
import { createStallProbe } from './core/stall.ts'
import type { Answer } from './deliver.ts'
import { undelivered } from './deliver.ts'
import type { Dispatch } from './dispatch.ts'
import { createDispatch } from './dispatch.ts'
import type { EngineCounts } from './engine-counts.ts'
import { createEngineCounts } from './engine-counts.ts'
import type { HousekeepingOptions } from './housekeeping.ts'
import { keepHouse } from './housekeeping.ts'
import { runJobs } from './jobs.ts'
import { reconcile } from './reconcile.ts'
import { runRedrives } from './redrive.ts'
import { relay } from './relay.ts'
import { runSchedules } from './schedules.ts'
import { seen, triggerStatus } from './status.ts'
import { createStepLog } from './step-log.ts'
import { supervise } from './supervise.ts'
import type { EngineLog, NamedTrigger, TriggerStatus } from './trigger.ts'
import { eventOf } from './trigger.ts'
import { attribute } from './wire.ts'

/** Everything that the engine of one team stands on. */
export interface EngineOptions extends Pick<HousekeepingOptions, 'expiry' | 'objects' | 'retention'> {
  readonly team: string
  readonly topics: Topics
  readonly ledger: Ledger
  readonly outbox: Outbox
  readonly records: Records
  readonly jobs: JobStore
  readonly states: TriggerStates
  readonly deadLetters: DeadLetters
  readonly schedules: Schedules
  readonly cancellations: Cancellations
  readonly wanted: WantedWorkloads
  readonly workloads: Workloads
  readonly launcher: Launcher
  readonly parallelJobs: number
  /** Partitions of a topic that does not exist yet. */
  readonly partitions: number
  readonly log: EngineLog
  /** Who is told of what is done, as spans. */
  readonly spans?: Spans | undefined
  /** Milliseconds since 1970, by the clock that people set: `Date.now` unless said. */
  readonly clock?: () => number
  /** When a trigger that has work and does not move is said to stall; milliseconds. */
  readonly stall?: { readonly look: number; readonly patience: number }
  /** The topics that the team's functions tell facts on, beside those of its triggers. */
  told(): readonly string[]
  triggers(): readonly NamedTrigger[]
  deliver(trigger: NamedTrigger, record: LogRecord): Promise<Answer>
  deliverBatch(trigger: NamedTrigger, records: readonly LogRecord[]): Promise<readonly Answer[]>
}

export interface Engine {
  /** The functions or triggers are others now. */
  changed(): void
  status(): Promise<readonly TriggerStatus[]>
  /** What it has done, for Prometheus. */
  families(): readonly Family[]
  /** Takes nothing new; what is in flight ends and is stored; jobs end and wait for the next engine. */
  close(): Promise<void>
}

/** Milliseconds. */
const CLOSE_MOST = 10_000
const STALL = { look: 10_000, patience: 45_000 }

/** Runs a team's engine: relay, deliveries, redrives, schedules, jobs; each begins again by itself when its store fails. */
export function startEngine(given: EngineOptions): Engine {
  const counts = createEngineCounts()
  const options = { ...given, ...countedDeliveries(given, counts), counts }
  const { topics, ledger, states, log } = options
  const ended = new AbortController()
  const steps = createStepLog(options.records, (error) =>
    log('warn', 'flow steps were not stored; they are kept', error),
  )
  const supervised = { signal: ended.signal, log }
  let dispatch: Dispatch | undefined
  let isStale = true
  let ring = (): void => undefined
  ended.signal.addEventListener('abort', () => ring())

  /** Brings topics and deliveries to what the functions and triggers are now, as often as they change. */
  async function keepUp(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      isStale = false
      const triggers = options.triggers()
      const names = new Set([...options.told(), ...triggers.map((one) => eventOf(one).topic)])
      await topics.ensure([...names].map((name) => ({ name, partitions: options.partitions })))
      if (dispatch) dispatch.update(triggers)
      else dispatch = await createDispatch(triggers, await states.all(), { ...options, steps, isCancelled })
      while (!isStale && !signal.aborted) {
        await new Promise<void>((resolve) => {
          ring = resolve
        })
      }
    }
  }
  /** Flow runs that are cancelled, as far as this engine has heard. */
  let cancelled: ReadonlySet<string> = new Set()
  async function hearOfCancelled(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const rung = options.cancellations.rung(signal)
      cancelled = await options.cancellations.all()
      await rung
    }
  }
  /** What the engine itself tells is delivered all the same: a job's end has to reach its owner. */
  function isCancelled(record: LogRecord): boolean {
    if (cancelled.size === 0 || attribute(record, 'source') === `/${options.team}/engine`) return false
    return cancelled.has(attribute(record, 'correlationid'))
  }
  /** An engine that stands still although there is work is a fault that nobody would see otherwise. */
  let stalls: ReadonlyMap<string, string> = new Map()
  async function probe(signal: AbortSignal): Promise<void> {
    const { look, patience } = options.stall ?? STALL
    const stall = createStallProbe(patience)
    while (!signal.aborted) {
      await wait(look, undefined, { signal }).catch(() => undefined)
      const drives = dispatch?.status() ?? []
      const now = performance.timeOrigin + performance.now()
      const found = stall.look(await Promise.all(drives.map((one) => seen(one, topics))), now)
      for (const [name, why] of found) if (!stalls.has(name)) log('error', `trigger ${name} stalls: ${why}`)
      stalls = found
    }
  }
  /** Pauses and resumes as the store says. */
  async function obey(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const rung = states.rung(signal)
      dispatch?.told(await states.all())
      await rung
    }
  }
  const loops = [
    supervise('relay', (signal) => relay(options, signal), supervised),
    supervise(
      'jobs',
      (signal) => runJobs({ ...options, store: options.jobs, steps, parallel: options.parallelJobs }, signal),
      supervised,
    ),
    supervise('redrive', (signal) => runRedrives({ ...options, steps }, signal), supervised),
    supervise(
      'schedules',
      (signal) => runSchedules({ ...options, clock: options.clock ?? Date.now }, signal),
      supervised,
    ),
    supervise('workloads', (signal) => reconcile(options, signal), supervised),
    supervise('trigger states', obey, supervised),
    supervise('stall probe', probe, supervised),
    supervise('housekeeping', (signal) => keepHouse(options, signal), supervised),
    supervise('cancelled flows', hearOfCancelled, supervised),
    supervise('dispatch', keepUp, supervised),
  ]

  return {
    changed() {
      isStale = true
      ring()
      dispatch?.retry()
    },
    status: () => triggerStatus(options.triggers(), dispatch?.status() ?? [], { topics, ledger, stalls }),
    families: counts.families,
    async close() {
      ended.abort()
      // A store that does not answer must not hold the end up: what it did not take is done again by the next engine.
      const done = Promise.all(loops)
        .then(() => dispatch?.close())
        .catch((error: unknown) => log('warn', 'the log was not told that this engine leaves it', error))
      await Promise.race([done, wait(CLOSE_MOST, undefined, { ref: false })])
      await Promise.race([steps.flush(), wait(CLOSE_MOST / 10, undefined, { ref: false })]).catch((error: unknown) =>
        log('warn', 'the last flow steps were not stored', error),
      )
    },
  }
}

/** Deliveries whose every attempt is counted; one that could not be sent at all is one to try again. */
function countedDeliveries(
  { deliver, deliverBatch }: EngineOptions,
  counts: EngineCounts,
): Pick<EngineOptions, 'deliver' | 'deliverBatch'> {
  return {
    async deliver(trigger, record) {
      const answer = await deliver(trigger, record).catch(undelivered)
      counts.attempted(trigger.name, judge(answer.outcome))
      return answer
    },
    async deliverBatch(trigger, records) {
      const answers = await deliverBatch(trigger, records).catch((error: unknown) =>
        records.map(() => undelivered(error)),
      )
      for (const { outcome } of answers) counts.attempted(trigger.name, judge(outcome))
      return answers
    },
  }
}
