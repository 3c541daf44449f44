/** Bytes that can be had again, kept for a while to have them sooner: whatever is lost, late or refused is a miss, never an error. Text goes in as UTF-8. */
export interface Cache {
  /** `null` where there is none (any more). */
  get(key: string): Promise<Uint8Array | null>
  /** Keeps it for so many seconds at most. */
  set(key: string, value: Uint8Array | string, seconds: number): Promise<void>
  /** A cache that cannot be reached forgets at the end of the value's seconds: let keys name versions. */
  remove(key: string): Promise<void>
  /** What is kept, or else what `load` gives, which is then kept. Callers of this process who ask at the same time share one load; its error is theirs, and nothing is kept. */
  through(key: string, seconds: number, load: () => Promise<Uint8Array | string>): Promise<Uint8Array>
}
