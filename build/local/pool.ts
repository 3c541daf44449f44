import { randomBytes } from 'node:crypto'
import { PlatformError } from '../../runtime/errors.ts'
import { Fleet } from './fleet.ts'
import type { Lease } from './lease.ts'
import type { Meter } from './meter.ts'
import type { LogLine } from './process.ts'
import type { Limits, Program } from './program.ts'
import { limitsOf, versionOf } from './program.ts'
import type { Slot } from './slot.ts'
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
  readonly meter?: Meter
  /** Is told of each process that has ended, however. */
  ended?(pid: number): void
  log(line: LogLine): void
}

const REST_AFTER_CRASH_MS = 500
const HUNG_GRACE_MS = 1000
const ENDING = new PlatformError('unavailable', 'the platform is ending', { retryAfter: 1 })

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
  readonly #fleet: Fleet
  readonly #starts = new Starts()
  readonly #guard = randomBytes(24).toString('base64url')
  #program: Program
  #limits: Limits
  #replacements = 0
  #retry: NodeJS.Timeout | undefined
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
    this.#fleet = new Fleet({
      name: this.name,
      guard: this.#guard,
      runFolder: options.runFolder,
      startTimeout: options.startTimeout ?? 30_000,
      grace: options.grace ?? 10_000,
      meter: options.meter,
      ended: options.ended,
      log: options.log,
      ready: (slot, coldStartMs) => this.#ready(slot, coldStartMs),
      crashed: () => this.#scaleIn(this.#waiting.length > 0 ? 0 : REST_AFTER_CRASH_MS),
    })
  }

  /** Whether it runs a program that does not judge itself who calls. */
  get isCommand(): boolean {
    return 'command' in this.#program.run
  }

  /** What a caller's token must carry. */
  get scope(): string {
    return this.#program.definition.scope
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
      const refusal = this.#draining ? ENDING : this.#starts.refusal(Date.now())
      if (refusal) throw refusal
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
    if (this.#fleet.of(this.#program).some(({ state }) => state === 'ready')) {
      const first = await this.#fleet.start(program)
      if (replacement !== this.#replacements) return first.leave()
    }
    this.#program = program
    this.#limits = limitsOf(program.definition, this.#options.idle)
    this.#starts.succeeded()
    for (const slot of this.#fleet.slots) if (slot.program !== program) slot.leave()
    this.#serve()
    this.#scale()
  }

  status(): FunctionStatus {
    const { slots } = this.#fleet
    const starting = slots.filter(({ state }) => state === 'starting').length
    return {
      name: this.name,
      processes: slots.length - starting,
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
    clearTimeout(this.#retry)
    this.#waiting.refuseAll(ENDING)
    await this.#fleet.drain(grace)
  }

  /** The least busy of as many as are needed, so that the others may rest; any other before none. */
  #free(): Slot | undefined {
    const ready = this.#fleet.of(this.#program).filter(({ state }) => state === 'ready')
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
      version: versionOf(program),
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
        if (outcome === 'hung') slot.leave(HUNG_GRACE_MS)
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
      if (this.#fleet.of(this.#program).length > this.#limits.min) slot.leave()
    })
  }

  #scale(): void {
    const live = this.#fleet.of(this.#program)
    const { min, max, concurrency } = this.#limits
    const wanted = Math.min(max, Math.max(min, Math.ceil((sum(live) + this.#waiting.length) / concurrency)))
    if (this.#draining || live.length >= wanted) return
    const delay = this.#starts.delay(Date.now())
    if (delay > 0) {
      this.#scaleIn(delay)
      return
    }
    clearTimeout(this.#retry)
    for (let count = live.length; count < wanted; count++) {
      this.#fleet.start(this.#program).catch((error: unknown) => this.#failed(error))
    }
  }

  #ready(slot: Slot, coldStartMs: number): void {
    this.#lastColdStartMs = coldStartMs
    this.#starts.succeeded()
    this.#serve(coldStartMs)
    this.#rest(slot)
  }

  #scaleIn(milliseconds: number): void {
    clearTimeout(this.#retry)
    this.#retry = setTimeout(() => this.#scale(), milliseconds)
  }

  #failed(error: unknown): void {
    // We ended it ourselves.
    if (error instanceof DOMException && error.name === 'AbortError') return
    const now = Date.now()
    this.#starts.failed(error, now)
    const refusal = this.#starts.refusal(now)
    if (refusal) this.#waiting.refuseAll(refusal)
    this.#scale()
  }
}

function sum(slots: readonly Slot[]): number {
  return slots.reduce((total, { inFlight }) => total + inFlight, 0)
}
