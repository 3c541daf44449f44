/** Flow runs that people have cancelled: none of their events is delivered any more, and their jobs end. */
export interface Cancellations {
  /** Marks the flow run, and asks its jobs to end; answers with how many that are. */
  cancel(flow: string): Promise<number>
  /** Takes the mark back: what comes of it from now on is delivered again. */
  restore(flow: string): Promise<void>
  all(): Promise<ReadonlySet<string>>
  /** Resolves when there may be others, or the signal ends. */
  rung(signal: AbortSignal): Promise<void>
}
