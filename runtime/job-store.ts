import type { Attempt, AttemptEnd } from './launcher.ts'
import type { JobLine } from './ports.ts'

/** What an event tells of its causes; a job keeps it for the event of its end. */
export interface Causes {
  readonly traceparent: string
  readonly causationid: string
  readonly correlationid: string
  readonly authtype: string
  readonly authid: string
}

export interface ClaimedJob extends Attempt {
  /** Lines that earlier attempts have printed. */
  readonly lines: number
  /** It is to end without another attempt. */
  readonly cancel: boolean
  readonly causes: Causes
}

/** The jobs that a team's functions asked for, in their rows. The engine alone touches it. */
export interface JobStore {
  /** Takes jobs that are to end, and up to `most` that wait, or whose engine is gone (this one's own of an earlier life at once), each as a new attempt. */
  claim(most: number): Promise<readonly ClaimedJob[]>
  /** Those of these jobs that somebody has asked to end. */
  cancelled(jobs: readonly string[]): Promise<readonly string[]>
  /** A claim that came to nothing: when its lease is over, it may be claimed again. */
  forget(job: string): void
  /** Keeps the claims alive; answers with the ids that are still this engine's. */
  renew(jobs: readonly string[]): Promise<readonly string[]>
  /** What the attempt has told; false when it is no longer the current one. */
  progress(
    attempt: Attempt,
    told: {
      readonly progress?: number
      readonly metrics: Readonly<Record<string, number>>
      readonly lines: readonly Omit<JobLine, 'at'>[]
    },
  ): Promise<boolean>
  /** The job's one end, its event, and the state of its flow step where there is one, stored together; false when the attempt is no longer the current one. */
  finish(job: ClaimedJob, end: AttemptEnd): Promise<boolean>
  /** Resolves when a job may wait, or the signal ends. */
  rung(signal: AbortSignal): Promise<void>
}
