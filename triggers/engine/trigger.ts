import type { TriggerDefinition } from '../../runtime/define.ts'
import type { EventType } from '../../runtime/event.ts'
import { scheduleDue } from '../../runtime/schedule-due.ts'
import type { LogRecord } from '../../runtime/topics.ts'
import { attribute } from './wire.ts'

/** A trigger with the name that its file gives it. */
export interface NamedTrigger {
  readonly name: string
  readonly definition: TriggerDefinition
}

/** The event that it delivers. */
export function eventOf({ definition: { on } }: NamedTrigger): EventType {
  return 'cron' in on ? scheduleDue : on
}

/** Whether a record of its topic is one that it delivers: of a schedule those that were made for it. */
export function isMeantFor(trigger: NamedTrigger, record: LogRecord): boolean {
  if (attribute(record, 'type') !== eventOf(trigger).type) return false
  return !('cron' in trigger.definition.on) || record.key === trigger.name
}

export interface TriggerStatus {
  readonly name: string
  readonly on: string
  readonly to: string
  /** Events that the log holds and this trigger has not passed, the parked ones included. */
  readonly lag: number
  readonly oldestSeconds: number
  readonly inFlight: number
  readonly parked: number
  readonly deadLetters: number
  readonly state: 'running' | 'paused' | 'stopped'
  /** Of one that is running: it should move and does not, which is a fault of the engine. */
  readonly reason?: string
}

/** What the engine tells its operators. */
export type EngineLog = (level: 'info' | 'warn' | 'error', message: string, error?: unknown) => void
