import { Agent } from 'node:http'
import type { FunctionProcess } from './process.ts'
import type { Program } from './program.ts'

// Shorter than any server's keep-alive that we know of (gunicorn: 2 s), so that a request never meets a connection
// that its process is closing.
const REUSE_MS = 1000

/** One process of a function in the pool's books: starting, ready for requests, or leaving (gets none, ends after its last). */
export class Slot {
  state: 'starting' | 'ready' | 'leaving' = 'starting'
  inFlight = 0
  process: FunctionProcess | undefined
  readonly program: Program
  readonly agent = new Agent({ keepAlive: true, timeout: REUSE_MS })
  /** Resolves when nothing of it is left. */
  readonly gone = Promise.withResolvers<void>()
  readonly #start = new AbortController()
  #grace: number
  #idle: NodeJS.Timeout | undefined

  constructor(program: Program, grace: number) {
    this.program = program
    this.#grace = grace
  }

  /** Ends its start. */
  get signal(): AbortSignal {
    return this.#start.signal
  }

  take(): void {
    clearTimeout(this.#idle)
    this.inFlight++
  }

  give(): void {
    this.inFlight--
    if (this.state === 'leaving' && this.inFlight === 0) this.end()
  }

  /** Calls `idle` when so many milliseconds pass without a request. */
  rest(milliseconds: number, idle: () => void): void {
    clearTimeout(this.#idle)
    this.#idle = setTimeout(idle, milliseconds)
  }

  /** No new request; ends when the last one in flight has its answer, and gets this grace then. */
  leave(grace = this.#grace): void {
    this.#grace = Math.min(this.#grace, grace)
    if (this.state === 'leaving') return
    this.state = 'leaving'
    if (this.inFlight === 0) this.end()
  }

  /** Ends now, whatever is in flight. */
  end(): void {
    clearTimeout(this.#idle)
    this.state = 'leaving'
    this.#start.abort()
    this.agent.destroy()
    void this.process?.stop(this.#grace)
  }
}
