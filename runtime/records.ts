import type { Envelope } from './event.ts'
import type { Lineage } from './lineage.ts'

/** What became of one delivery, or of one job, in a flow run. */
export interface FlowStep {
  readonly correlationid: string
  /** The event that the step handles. */
  readonly source: string
  readonly event: string
  readonly type: string
  readonly subject: string
  /** The trigger's name, or `job/<id>`. */
  readonly step: string
  readonly function: string
  readonly state: 'running' | 'waiting' | 'done' | 'dead' | 'failed' | 'cancelled'
  readonly waitingFor?: string | undefined
  readonly at: Date
  readonly ms?: number | undefined
  readonly attempts: number
  /** The process that served it, and its cold start, where it had one. */
  readonly process?: string | undefined
  readonly coldStartMs?: number | undefined
  readonly error?: string | undefined
}

export interface FlowEvent {
  readonly id: string
  readonly source: string
  readonly type: string
  readonly subject: string
  readonly correlationid: string
  readonly causationid: string
  /** CloudEvents' kind of who caused it; not known of old ones. */
  readonly authtype?: string | undefined
  readonly authid: string
  readonly at: Date
  /** Why, where the event itself tells of a failure. */
  readonly failure?: string | undefined
}

export interface Flow {
  readonly id: string
  readonly isCancelled: boolean
  readonly events: readonly FlowEvent[]
  readonly steps: readonly FlowStep[]
}

/** What has happened: flow runs and lineage; a store of its own, which outlives the log. Writing the same again changes nothing. */
export interface Records extends Lineage {
  events(events: readonly (Envelope & { readonly failure?: string | undefined })[]): Promise<void>
  steps(steps: readonly FlowStep[]): Promise<void>
  /** The newest first. */
  flows(page: { readonly limit: number; readonly after?: string | undefined }): Promise<readonly Flow[]>
  flow(id: string): Promise<Flow | null>
}
