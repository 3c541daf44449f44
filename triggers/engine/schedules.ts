import { setTimeout as wait } from 'node:timers/promises'
import { newestInstant } from '../../runtime/cron.ts'
import type { Schedule } from '../../runtime/define.ts'
import type { Envelope } from '../../runtime/event.ts'
import { scheduleDue } from '../../runtime/schedule-due.ts'
import type { Schedules } from '../../runtime/schedules.ts'
import { continueTrace, traceparent } from '../../runtime/trace.ts'
import { uuidOf } from '../../runtime/uuid.ts'
import type { EngineLog, NamedTrigger } from './trigger.ts'

export interface SchedulesOptions {
  readonly team: string
  readonly schedules: Schedules
  readonly log: EngineLog
  /** Milliseconds since 1970, by the clock that people set. */
  readonly clock: () => number
  triggers(): readonly NamedTrigger[]
}

/** Milliseconds between two looks at the clock at most: one that is set forward is noticed then. */
const LOOK = 1000

/** Tells of each instant of each schedule once, until the signal ends; of those that were missed the last alone. Rejects when the store fails. */
export async function runSchedules(
  { team, schedules, clock, triggers }: SchedulesOptions,
  signal: AbortSignal,
): Promise<void> {
  const known = new Map<string, Date>()
  while (!signal.aborted) {
    for (const { name, definition } of triggers()) {
      if ('cron' in definition.on) await tellOf(name, definition.on)
    }
    await wait(LOOK, undefined, { signal }).catch(() => undefined)
  }

  async function tellOf(name: string, schedule: Schedule): Promise<void> {
    const now = new Date(clock())
    const last = known.get(name) ?? (await schedules.last(name, now))
    const at = newestInstant(schedule, last, now)
    known.set(name, last)
    if (!at) return
    // Another engine may have told of it: then the store knows better.
    known.delete(name)
    await schedules.tell(name, { last, at }, { topic: scheduleDue.topic, envelope: dueEnvelope(team, name, at) })
  }
}

function dueEnvelope(team: string, trigger: string, at: Date): Omit<Envelope, 'time'> {
  const id = uuidOf('schedule', team, trigger, at.toISOString())
  return {
    id,
    source: `/${team}/engine`,
    type: scheduleDue.type,
    subject: trigger,
    partitionkey: trigger,
    traceparent: traceparent(continueTrace(undefined)),
    authtype: 'system',
    authid: `${team}/engine`,
    causationid: `${trigger}/${at.toISOString()}`,
    correlationid: id,
    data: JSON.stringify({ trigger, at: at.toISOString() }),
  }
}
