import { randomBytes } from 'node:crypto'
import { PlatformError } from '../../runtime/errors.ts'
import type { FunctionProcess, LogLine } from './process.ts'
import { startProcess } from './process.ts'
import type { Limits, Program } from './program.ts'
import { commandLine, limitsOf } from './program.ts'
import { Slot } from './slot.ts'
import { Starts } from './starts.ts'
import { Waiting } from './waiting.ts'

/** What holds for every function alike; times in milliseconds. */
export interface PoolOptions {
  /** Without a request for so long a process ends, unless its declaration says otherwise. */
  readonly idle: number
  /** Where processes are noted for the next start, should this one be killed. */
  readonly runFolder: string
  readonly startTimeout?: number
  readonly queue?: { readonly most: number; readonly longest: number }
  /** From SIGTERM to SIGKILL. */
  readonly grace?: number
  log(line: LogLine): void
}

const REST_AFTER_CRASH_MS = 500

/** One request's place in a process. */
export interface Lease {
  /** The function's. */
  readonly name: string
  readonly process: FunctionProcess
  readonly agent: Slot['agent']
  /** Sent with the request, so that a program can tell the platform from anyone else on this machine. */
  readonly guard: string | undefined
  /** There when the request waited for the process to start. */
  readonly coldStartMs: number | undefined
  /** Milliseconds from now to the end of the answer. */
  readonly timeout: number
  /** Gives the place back, once. */
  end(outcome: 'answered' | 'failed' | 'hung'): void
}

/** Numbers of one function; `requests` and `errors` count since the platform's start. */
export interface FunctionStatus {
  readonly name: string
  readonly processes: number
  readonly starting: number
  readonly requests: number
  readonly queued: number
  readonly errors: number
  readonly lastColdStartMs: number | null
}

/** The processes of one function: none until a request comes, more when they are full, none again when no request comes. */
export class Pool {
  readonly name: string
  readonly #options: PoolOptions
  readonly #waiting: Waiting<Lease>
  readonly #starts = new Starts()
  readonly #guard = randomBytes(24).toString('base64url')
  #program: Program
  #limits: Limits
  /** All that live, in the order of their starts: those of an earlier program too. */
  #slots: Slot[] = []
  #replacements = 0
  #retry: NodeJS.Timeout | undefined
  /** Why it does not start. */
  #hopeless: string | undefined
  #draining = false
  #requests = 0
  #errors = 0
  #lastColdStartMs: number | null = null

  constructor(program: Program, options: PoolOptions) {
    this.name = program.definition.name
    this.#program = program
    this.#options = options
    this.#limits = limitsOf(program.definition, options.idle)
    const { most, longest } = options.queue ?? { most: 1000, longest: 60_000 }
    this.#waiting = new Waiting({ name: this.name, most, longest })
  }

  /** Starts the processes that it keeps without a request (`scale.min`). */
  start(): void {
    this.#scale()
  }

  /** A place in a process, as soon as there is one; `unavailable` when the queue is full or the function does not start. */
  async acquire(signal: AbortSignal): Promise<Lease> {
    this.#requests++
    try {
      const free = this.#waiting.length === 0 ? this.#free() : undefined
      if (free) return this.#lease(free)
      if (this.#draining || (this.#hopeless && this.#starts.delay(Date.now()) > 0)) throw this.#refusal()
      const lease = this.#waiting.wait(signal)
      this.#scale()
      return await lease
    } catch (error) {
      if (!signal.aborted) this.#errors++
      throw error
    }
  }

  /** Lets another program take over: its first process listens, then requests go there, and the old ones end after their last answer. Rejects when it does not start; then all stays as it was. */
  async replace(program: Program): Promise<void> {
    const replacement = ++this.#replacements
    if (this.#live().some(({ state }) => state === 'ready')) {
      const first = await this.#start(program)
      if (replacement !== this.#replacements) return first.leave()
    }
    this.#program = program
    this.#limits = limitsOf(program.definition, this.#options.idle)
    this.#startsAgain()
    for (const slot of this.#slots) if (slot.program !== program) slot.leave()
    this.#serve()
    this.#scale()
  }

  status(): FunctionStatus {
    const starting = this.#slots.filter(({ state }) => state === 'starting').length
    return {
      name: this.name,
      processes: this.#slots.length - starting,
      starting,
      requests: this.#requests,
      queued: this.#waiting.length,
      errors: this.#errors,
      lastColdStartMs: this.#lastColdStartMs,
    }
  }

  /** Takes nothing more, lets what is in flight end for so many milliseconds, and ends the processes. */
  async drain(grace: number): Promise<void> {
    this.#draining = true
    this.#hopeless = undefined
    clearTimeout(this.#retry)
    this.#waiting.refuseAll(this.#refusal())
    for (const slot of this.#slots) slot.leave()
    const late = setTimeout(() => {
      for (const slot of this.#slots) slot.end()
    }, grace)
    await Promise.all(this.#slots.map(({ gone }) => gone.promise))
    clearTimeout(late)
  }

  /** Those of the present program that get requests, or will. */
  #live(): readonly Slot[] {
    return this.#slots.filter((slot) => slot.program === this.#program && slot.state !== 'leaving')
  }

  /** The least busy of as many as are needed, so that the others may rest; any other before none. */
  #free(): Slot | undefined {
    const ready = this.#live().filter(({ state }) => state === 'ready')
    const { concurrency } = this.#limits
    const needed = Math.ceil((sum(ready) + 1) / concurrency)
    const [best] = ready.slice(0, needed).toSorted((a, b) => a.inFlight - b.inFlight)
    return best && best.inFlight < concurrency ? best : ready.find(({ inFlight }) => inFlight < concurrency)
  }

  #lease(slot: Slot, coldStartMs?: number): Lease {
    const { process, agent, program } = slot
    if (!process) throw new Error('only a slot that is ready is leased')
    slot.take()
    let open = true
    return {
      name: this.name,
      process,
      agent,
      coldStartMs,
      guard: 'command' in program.run ? this.#guard : undefined,
      timeout: this.#limits.timeout,
      end: (outcome) => {
        if (!open) return
        open = false
        if (outcome !== 'answered') this.#errors++
        // What else it has in flight may still be answered, each within its own time.
        if (outcome === 'hung') slot.leave()
        slot.give()
        this.#serve()
        this.#scale()
        this.#rest(slot)
      },
    }
  }

  #serve(coldStartMs?: number): void {
    while (this.#waiting.length > 0) {
      const free = this.#free()
      if (!free) return
      this.#waiting.serve(this.#lease(free, coldStartMs))
    }
  }

  #rest(slot: Slot): void {
    if (slot.state !== 'ready' || slot.inFlight > 0) return
    slot.rest(this.#limits.idle, () => {
      if (this.#live().length > this.#limits.min) slot.leave()
    })
  }

  #scale(): void {
    const live = this.#live()
    const { min, max, concurrency } = this.#limits
    const wanted = Math.min(max, Math.max(min, Math.ceil((sum(live) + this.#waiting.length) / concurrency)))
    if (this.#draining || live.length >= wanted) return
    clearTimeout(this.#retry)
    const delay = this.#starts.delay(Date.now())
    if (delay > 0) {
      this.#retry = setTimeout(() => this.#scale(), delay)
      return
    }
    for (let count = live.length; count < wanted; count++) {
      this.#start(this.#program).catch((error: unknown) => this.#failed(error))
    }
  }

  /** Resolves when it is ready. */
  async #start(program: Program): Promise<Slot> {
    const { log, runFolder, startTimeout = 30_000, grace = 10_000 } = this.#options
    const slot = new Slot(program, grace)
    const { memory } = limitsOf(program.definition, 0)
    const guard = 'command' in program.run ? { MEZZ_GUARD: this.#guard } : {}
    this.#slots.push(slot)
    try {
      slot.process = await startProcess({
        name: this.name,
        ...commandLine(program, memory),
        env: { ...program.env, ...guard },
        memory,
        startTimeout,
        runFolder,
        signal: slot.signal,
        log,
      })
    } catch (error) {
      this.#remove(slot)
      throw error
    }
    slot.process.ended.then((reason) => this.#ended(slot, reason))
    this.#ready(slot, slot.process)
    return slot
  }

  #ready(slot: Slot, { coldStartMs }: FunctionProcess): void {
    // It was told to leave in the moment in which it began to listen.
    if (slot.state === 'leaving') {
      slot.end()
      return
    }
    slot.state = 'ready'
    this.#lastColdStartMs = coldStartMs
    this.#startsAgain()
    this.#serve(coldStartMs)
    this.#rest(slot)
  }

  #startsAgain(): void {
    this.#starts.succeeded()
    this.#hopeless = undefined
  }

  #failed(error: unknown): void {
    // We ended it ourselves.
    if (error instanceof DOMException && error.name === 'AbortError') return
    this.#starts.failed(Date.now())
    const timedOut = error instanceof PlatformError && error.code === 'timeout'
    if (timedOut || this.#starts.hopeless) {
      this.#hopeless = error instanceof Error ? error.message : String(error)
      this.#waiting.refuseAll(this.#refusal())
    }
    this.#scale()
  }

  #refusal(): PlatformError {
    const seconds = Math.ceil(this.#starts.delay(Date.now()) / 1000)
    return new PlatformError('unavailable', this.#hopeless ?? 'the platform is ending', {
      retryAfter: Math.max(1, seconds),
    })
  }

  /** A process has ended, by our wish or by itself. */
  #ended(slot: Slot, reason: string): void {
    const { state } = slot
    this.#remove(slot)
    if (state !== 'ready') return
    slot.end()
    const pid = slot.process?.pid ?? 0
    this.#options.log({ function: this.name, pid, at: new Date().toISOString(), line: `process ${pid} ${reason}` })
    clearTimeout(this.#retry)
    this.#retry = setTimeout(() => this.#scale(), this.#waiting.length > 0 ? 0 : REST_AFTER_CRASH_MS)
  }

  #remove(slot: Slot): void {
    this.#slots = this.#slots.filter((other) => other !== slot)
    slot.gone.resolve()
  }
}

function sum(slots: readonly Slot[]): number {
  return slots.reduce((total, { inFlight }) => total + inFlight, 0)
}
