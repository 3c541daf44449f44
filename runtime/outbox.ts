import type { Envelope } from './event.ts'

export interface OutboxEvent {
  readonly seq: number
  readonly topic: string
  readonly envelope: Envelope
}

/** A team's events between their commit and their topic. The engine alone touches it. */
export interface Outbox {
  /** Runs `work` as the team's only relay; waits until it is, or the signal ends; the work's signal ends with it, and when it no longer is. */
  alone(work: (signal: AbortSignal) => Promise<void>, signal: AbortSignal): Promise<void>
  /** Those that are visible, in the order of their numbers. */
  take(most: number): Promise<readonly OutboxEvent[]>
  /** They are in their topics. */
  drop(seqs: readonly number[]): Promise<void>
  /** Resolves when something may have come, or the signal ends. */
  rung(signal: AbortSignal): Promise<void>
  /** An event that comes from outside, as this caller's. */
  post(topic: string, envelope: Omit<Envelope, 'time'>): Promise<void>
}
