import type { TriggerDefinition } from '../../runtime/define.ts'

/** A trigger with the name that its file gives it. */
export interface NamedTrigger {
  readonly name: string
  readonly definition: TriggerDefinition
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
  readonly reason?: string
}

/** What the engine tells its operators. */
export type EngineLog = (level: 'info' | 'warn' | 'error', message: string, error?: unknown) => void
