/** Whose usage a row counts. A function's holds its processes and its jobs, so the team's is the sum of its functions'. */
export type UsageKind = 'function' | 'job' | 'model'

/** What was used; nothing where a field is missing. */
export interface Spent {
  readonly coreSeconds?: number
  /** The most that one process, with all that came from it, held. */
  readonly peakMemoryBytes?: number
  readonly gpuSeconds?: number
  readonly requests?: number
  readonly predictions?: number
}

export interface UsageRow extends Spent {
  readonly at: Date
  readonly kind: UsageKind
  readonly name: string
}

/** What a writer has counted since its last report. */
export interface UsageReport {
  /** A UUID of its own. */
  readonly writer: string
  /** One more than that of its last report. */
  readonly number: number
  readonly rows: readonly UsageRow[]
}

/** Bytes that lie in the object store for somebody. */
export interface Holding {
  readonly kind: UsageKind | 'team'
  readonly name: string
  readonly bytes: number
}

/** One hour of a team, a function, a job or a model. */
export interface HourOfUsage {
  /** Its beginning. */
  readonly hour: Date
  readonly name: string
  readonly coreSeconds: number
  readonly peakMemoryBytes: number
  readonly gpuSeconds: number
  readonly requests: number
  readonly predictions: number
  /** Events that it told. */
  readonly events: number
  /** The hour's last reading; none where there was none. */
  readonly storedBytes?: number | undefined
}

export interface UsageQuestion {
  readonly by: UsageKind | 'team'
  /** The hours that are not over by then, and have begun before `to`. */
  readonly from: Date
  readonly to: Date
  readonly after?: { readonly hour: Date; readonly name: string } | undefined
  readonly limit: number
}

/** What was used, by the hour. What jobs and events come to is counted in the transaction that stores them; all else is reported. */
export interface Usage {
  /** Adds a report, once: one that comes again changes nothing. */
  add(report: UsageReport): Promise<void>
  /** Whose these objects are: functions that keep them, jobs that left them, models that stand on them. */
  holders(objects: readonly { readonly name: string; readonly bytes: number }[]): Promise<readonly Holding[]>
  /** A reading of what is stored; the last one of an hour stands. */
  stored(at: Date, holdings: readonly Holding[]): Promise<void>
  /** By hour, then name. */
  read(question: UsageQuestion): Promise<readonly HourOfUsage[]>
}
