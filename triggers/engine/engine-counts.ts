import type { Family } from '../../runtime/exposition.ts'
import type { AttemptEnd } from '../../runtime/launcher.ts'
import type { Verdict } from './core/policy.ts'
import type { TriggerStatus } from './trigger.ts'

/** What an engine does, counted since it began. */
export interface EngineCounts {
  /** One attempt at an event; done is a delivery. */
  attempted(trigger: string, verdict: Verdict): void
  relayed(topic: string, events: number): void
  jobBegun(): void
  /** An attempt at a job is over, whatever came of it. */
  jobEnded(): void
  /** A job has come to its end, and it is stored. */
  jobDone(state: AttemptEnd['state']): void
  families(): readonly Family[]
}

export function createEngineCounts(): EngineCounts {
  const attempts = new Map<string, { readonly labels: Record<string, string>; value: number }>()
  const relayed = new Map<string, number>()
  const done = new Map<string, number>()
  let running = 0

  return {
    attempted(trigger, verdict) {
      const key = `${trigger} ${verdict}`
      const one = attempts.get(key) ?? { labels: { trigger, verdict }, value: 0 }
      attempts.set(key, one)
      one.value++
    },
    relayed(topic, events) {
      relayed.set(topic, (relayed.get(topic) ?? 0) + events)
    },
    jobBegun() {
      running++
    },
    jobEnded() {
      running--
    },
    jobDone(state) {
      done.set(state, (done.get(state) ?? 0) + 1)
    },
    families: () => [
      {
        name: 'mezz_delivery_attempts_total',
        help: 'Attempts to deliver an event; those with verdict done are the deliveries',
        type: 'counter',
        samples: [...attempts.values()],
      },
      {
        name: 'mezz_relayed_events_total',
        help: 'Events brought from the outbox to their topic',
        type: 'counter',
        samples: [...relayed].map(([topic, value]) => ({ labels: { topic }, value })),
      },
      {
        name: 'mezz_jobs_running',
        help: 'Jobs under way here',
        type: 'gauge',
        samples: [{ labels: {}, value: running }],
      },
      {
        name: 'mezz_jobs_ended_total',
        help: 'Jobs that ended here, by their state',
        type: 'counter',
        samples: [...done].map(([state, value]) => ({ labels: { state }, value })),
      },
    ],
  }
}

const GAUGES = [
  ['mezz_trigger_lag', 'Events that the log holds and the trigger has not passed', (one) => one.lag],
  ['mezz_trigger_oldest_seconds', 'Age of the oldest event that it has not passed', (one) => one.oldestSeconds],
  ['mezz_trigger_in_flight', 'Deliveries under way', (one) => one.inFlight],
  ['mezz_trigger_parked', 'Events that wait for their next attempt, or behind one that does', (one) => one.parked],
  ['mezz_trigger_dead_letters', 'Events that were given up and are kept', (one) => one.deadLetters],
  ['mezz_trigger_running', '1 where it delivers, 0 where it is paused or stopped', isRunning],
] as const satisfies readonly (readonly [name: string, help: string, read: (one: TriggerStatus) => number])[]

/** How each trigger stands now. */
export function triggerFamilies(triggers: readonly TriggerStatus[]): readonly Family[] {
  return GAUGES.map(([name, help, read]) => ({
    name,
    help,
    type: 'gauge',
    samples: triggers.map((one) => ({ labels: { trigger: one.name, function: one.to }, value: read(one) })),
  }))
}

function isRunning({ state }: TriggerStatus): number {
  return state === 'running' ? 1 : 0
}
