import type { ObjectRef } from './ports.ts'

export interface StoredPosition {
  readonly trigger: string
  readonly topic: string
  readonly partition: number
  readonly identity: string
  /** All below it is passed. */
  readonly position: number
}

export interface EndedJob {
  readonly id: string
  /** By their paths. */
  readonly outputs: Readonly<Record<string, ObjectRef>>
}

/** Rows from before these times are over. */
export interface ExpiryTimes {
  readonly deadLetters: Date
  readonly inbox: Date
  readonly idempotency: Date
  readonly flows: Date
}

/** How many rows of each kind went. */
export type Gone = Readonly<Record<string, number>>

/** What a team's database lets go of when its time is over, in transactions that are short; and who keeps which blobs. */
export interface Expiry {
  /** Runs the work while no other engine of the team does. */
  alone(work: (signal: AbortSignal) => Promise<void>, signal: AbortSignal): Promise<void>
  /** Where every trigger stands that ever was. */
  positions(): Promise<readonly StoredPosition[]>
  /** A dead letter that is to be delivered again stays, and a flow run as long as anything of it does. */
  drop(before: ExpiryTimes, signal: AbortSignal): Promise<Gone>
  /** Forgets where triggers stood that were not among the existing ones at any call since `before`; answers how many triggers. */
  forgetTriggers(existing: readonly string[], times: { readonly now: Date; readonly before: Date }): Promise<number>
  /** Jobs that ended before and are not held by outputs that are all kept; in the order of their ids. */
  endedJobs(before: Date, page: { readonly after: string | null; readonly limit: number }): Promise<readonly EndedJob[]>
  /** Drops a job's lines, and the job itself unless it has outputs that stay. */
  forgetJob(id: string, stays: EndedJob['outputs']): Promise<void>
  /** Of these digests those that nobody keeps. */
  unkept(digests: readonly string[]): Promise<readonly string[]>
  /** Runs the work while whoever begins to keep this digest waits; answers false without it where somebody is about to, else as the work does. */
  guarded(sha256: string, work: (isKept: () => Promise<boolean>) => Promise<boolean>): Promise<boolean>
}
