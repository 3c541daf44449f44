/** What the wrapper is to start and to watch over. */
export interface Start {
  readonly command: readonly [string, ...string[]]
  readonly folder: string
  readonly environment: Readonly<Record<string, string>>
  /** As `NAME=start of value`: a variable that every process of the program carries, and no other. */
  readonly mark: string
  /** Bytes that all of its processes may hold together. */
  readonly memory?: number
  /** Milliseconds between SIGTERM and SIGKILL. */
  readonly grace: number
}

/** From the launcher to the wrapper. */
export type Order = { readonly start: Start } | { readonly stop: true }

/** From the wrapper: the program's session, then how it ended. */
export type Report = { readonly session: number } | { readonly end: ProgramEnd }

export interface ProgramEnd {
  /** `undefined`: it was not started, and `fault` says why. */
  readonly exit?: number | NodeJS.Signals
  /** What the wrapper found wrong, as a sentence. */
  readonly fault?: string
  readonly coreSeconds: number
  readonly peakMemoryBytes: number
}
