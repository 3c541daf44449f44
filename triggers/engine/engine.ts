import { setTimeout as wait } from 'node:timers/promises'
import type { JobStore } from '../../runtime/job-store.ts'
import type { Launcher } from '../../runtime/launcher.ts'
import type { Ledger } from '../../runtime/ledger.ts'
import type { Outbox } from '../../runtime/outbox.ts'
import type { Records } from '../../runtime/records.ts'
import type { LogRecord, Topics } from '../../runtime/topics.ts'
import type { Answer } from './deliver.ts'
import type { Dispatch } from './dispatch.ts'
import { createDispatch } from './dispatch.ts'
import { runJobs } from './jobs.ts'
import { relay } from './relay.ts'
import { triggerStatus } from './status.ts'
import { createStepLog } from './step-log.ts'
import { supervise } from './supervise.ts'
import type { EngineLog, NamedTrigger, TriggerStatus } from './trigger.ts'

/** Everything that the engine of one team stands on. */
export interface EngineOptions {
  readonly team: string
  readonly topics: Topics
  readonly ledger: Ledger
  readonly outbox: Outbox
  readonly records: Records
  readonly jobs: JobStore
  readonly launcher: Launcher
  readonly parallelJobs: number
  /** Partitions of a topic that does not exist yet. */
  readonly partitions: number
  readonly log: EngineLog
  /** The topics that the team's functions tell facts on, beside those of its triggers. */
  told(): readonly string[]
  triggers(): readonly NamedTrigger[]
  deliver(trigger: NamedTrigger, record: LogRecord): Promise<Answer>
}

export interface Engine {
  /** The functions or triggers are others now. */
  changed(): Promise<void>
  resume(trigger: string): void
  status(): Promise<readonly TriggerStatus[]>
  /** Takes nothing new; what is in flight ends and is stored; jobs end and wait for the next engine. */
  close(): Promise<void>
}

/** Milliseconds. */
const CLOSE_MOST = 10_000

/** Runs a team's engine: relay, deliveries, jobs; each begins again by itself when its store fails. */
export function startEngine(options: EngineOptions): Engine {
  const { topics, ledger, log } = options
  const ended = new AbortController()
  const steps = createStepLog(options.records, (error) =>
    log('warn', 'flow steps were not stored; they are kept', error),
  )
  const supervised = { signal: ended.signal, log }
  const loops = [
    supervise('relay', (signal) => relay(options, signal), supervised),
    supervise(
      'jobs',
      (signal) => runJobs({ ...options, store: options.jobs, steps, parallel: options.parallelJobs }, signal),
      supervised,
    ),
  ]
  let dispatch: Dispatch | undefined
  let restart = (): void => undefined
  let running = triggersNow()

  function triggersNow(): readonly NamedTrigger[] {
    return options.triggers()
  }
  loops.push(
    supervise(
      'dispatch',
      async (signal) => {
        running = triggersNow()
        const names = [...new Set([...options.told(), ...running.map(({ definition }) => definition.on.topic)])]
        await topics.ensure(names.map((name) => ({ name, partitions: options.partitions })))
        dispatch = await createDispatch({ ...options, triggers: running, steps })
        await new Promise<void>((resolve) => {
          restart = resolve
          signal.addEventListener('abort', () => resolve(), { once: true })
        })
        await dispatch.close()
        dispatch = undefined
      },
      supervised,
    ),
  )

  return {
    async changed() {
      const same = JSON.stringify(triggersNow().map(told)) === JSON.stringify(running.map(told))
      if (!same) restart()
      for (const { name } of running) dispatch?.resume(name)
    },
    resume: (trigger) => dispatch?.resume(trigger),
    status: () => triggerStatus(running, dispatch?.status() ?? [], { topics, ledger }),
    async close() {
      ended.abort()
      // A store that does not answer must not hold the end up: what it did not take is done again by the next engine.
      await Promise.race([Promise.all(loops), wait(CLOSE_MOST, undefined, { ref: false })])
      await Promise.race([steps.flush(), wait(CLOSE_MOST / 10, undefined, { ref: false })]).catch((error: unknown) =>
        log('warn', 'the last flow steps were not stored', error),
      )
    },
  }
}

/** What of a trigger makes a difference to its deliveries. */
function told({ name, definition: { on, ...rest } }: NamedTrigger): unknown {
  return { name, type: on.type, topic: on.topic, ...rest }
}
