/** What bounds a partition. */
export interface Limits {
  /** Offsets between the position and the highest that was read. */
  readonly window: number
  /** Parked rows, and as many more as deliveries were in flight, before the partition pauses until some are gone. */
  readonly parked: number
  /** Characters of the records held in memory: above it nothing more is read. */
  readonly characters: number
  /** Records asked for in one read. */
  readonly batch: number
  /** Progress alone is written after so many events or milliseconds, whichever comes first. */
  readonly progress: { readonly events: number; readonly milliseconds: number }
  /** Milliseconds before a write without an answer is tried again: doubles up to `most`. */
  readonly rewrite: { readonly first: number; readonly most: number }
}

/** The limits of the platform. */
export const LIMITS: Limits = {
  window: 10_000,
  parked: 1_000,
  characters: 64 * 1024 * 1024,
  batch: 500,
  progress: { events: 500, milliseconds: 100 },
  rewrite: { first: 100, most: 5_000 },
}
