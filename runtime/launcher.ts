import type { JobRequest, ObjectRef } from './ports.ts'

/** One try at a job. */
export interface Attempt {
  readonly job: string
  /** The function that asked; its programs are meant by name. */
  readonly owner: string
  readonly attempt: number
  readonly request: JobRequest
  /** The span that it runs in, where spans are told of: its program finds it as `TRACEPARENT`. */
  readonly traceparent?: string
}

export interface Usage {
  readonly coreSeconds: number
  readonly peakMemoryBytes: number
  readonly gpuSeconds: number
}

export type AttemptEnd =
  | { readonly state: 'succeeded'; readonly outputs: Readonly<Record<string, ObjectRef>>; readonly usage: Usage }
  | { readonly state: 'failed'; readonly error: string; readonly usage: Usage }
  | { readonly state: 'cancelled'; readonly usage: Usage }

/** Runs attempts of jobs in a place of their own. The engine alone touches it. */
export interface Launcher {
  /**
   * Lays the inputs down, runs the program, stores what it left in its output folder under `jobs/<job>/<attempt>/`.
   * `line` gets each line that the program prints; the signal ends the attempt (`cancelled`). When it resolves, no process of it is left.
   * Rejects only when the place itself fails (nothing could be started, nothing known).
   */
  run(attempt: Attempt, options: { readonly signal: AbortSignal; line(text: string): void }): Promise<AttemptEnd>
  /** Ends whatever an engine that is gone left running of this job. */
  clear(job: string): Promise<void>
}
