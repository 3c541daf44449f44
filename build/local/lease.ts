import type { Agent } from 'node:http'
import type { FunctionProcess } from './process.ts'

/** One request's place in a process. */
export interface Lease {
  /** The function's. */
  readonly name: string
  /** Of what the process runs: a digest of its bundle; none of a command. */
  readonly version: string | undefined
  readonly process: FunctionProcess
  /** Its open connections. */
  readonly agent: Agent
  /** Sent with the request, so that a program can tell the platform from anyone else on this machine. */
  readonly guard: string | undefined
  /** There when the request waited for the process to start. */
  readonly coldStartMs: number | undefined
  /** Milliseconds from now to the end of the answer. */
  readonly timeout: number
  /** Gives the place back, once; a process that hung gets no further request and ends. */
  end(outcome: 'answered' | 'failed' | 'hung'): void
}
