import type { Meter } from './meter.ts'
import type { LogLine } from './process.ts'
import { startProcess } from './process.ts'
import type { Program } from './program.ts'
import { commandLine, limitsOf } from './program.ts'
import { Slot } from './slot.ts'

/** Times in milliseconds. */
export interface FleetOptions {
  readonly name: string
  /** In the environment of commands as `MEZZ_GUARD`. */
  readonly guard: string
  /** Where processes are noted for the next start, should this one be killed. */
  readonly runFolder: string
  readonly startTimeout: number
  /** From SIGTERM to SIGKILL. */
  readonly grace: number
  readonly meter?: Meter | undefined
  log(line: LogLine): void
  /** A process listens. */
  ready(slot: Slot, coldStartMs: number): void
  /** A process that listened has ended, however. */
  ended?: ((pid: number) => void) | undefined
  /** A process that listened has ended by itself. */
  crashed(): void
}

/** All processes of one function that live, in the order of their starts: those of an earlier program too. */
export class Fleet {
  readonly #options: FleetOptions
  #slots: readonly Slot[] = []

  constructor(options: FleetOptions) {
    this.#options = options
  }

  get slots(): readonly Slot[] {
    return this.#slots
  }

  /** Those of a program that get requests, or will. */
  of(program: Program): readonly Slot[] {
    return this.#slots.filter((slot) => slot.program === program && slot.state !== 'leaving')
  }

  /** Resolves when it listens; rejects when it does not, with the signal's reason when it was told to leave before. */
  async start(program: Program): Promise<Slot> {
    const { name, guard, runFolder, startTimeout, grace, meter, log, ready } = this.#options
    const slot = new Slot(program, grace)
    const { memory } = limitsOf(program.definition, 0)
    this.#slots = [...this.#slots, slot]
    try {
      const started = await startProcess({
        name,
        ...commandLine(program, memory),
        env: { ...program.env, ...('command' in program.run ? { MEZZ_GUARD: guard } : {}) },
        memory,
        startTimeout,
        runFolder,
        signal: slot.signal,
        log,
      })
      slot.process = meter?.watch(name, started) ?? started
    } catch (error) {
      this.#remove(slot)
      throw error
    }
    slot.process.ended.then((reason) => this.#ended(slot, reason))
    // It may have been told to leave in the moment in which it began to listen.
    if (slot.state === 'leaving') slot.end()
    else {
      slot.state = 'ready'
      ready(slot, slot.process.coldStartMs)
    }
    return slot
  }

  /** Lets all end after what they have in flight, at most so many milliseconds later. */
  async drain(grace: number): Promise<void> {
    const slots = this.#slots
    for (const slot of slots) slot.leave()
    const late = setTimeout(() => {
      for (const slot of slots) slot.end()
    }, grace)
    await Promise.all(slots.map(({ gone }) => gone.promise))
    clearTimeout(late)
  }

  #ended(slot: Slot, reason: string): void {
    const { state } = slot
    this.#remove(slot)
    if (slot.process) this.#options.ended?.(slot.process.pid)
    if (state !== 'ready') return
    slot.end()
    const { name, log, crashed } = this.#options
    const pid = slot.process?.pid ?? 0
    log({ function: name, pid, at: new Date().toISOString(), line: `process ${pid} ${reason}` })
    crashed()
  }

  #remove(slot: Slot): void {
    this.#slots = this.#slots.filter((other) => other !== slot)
    slot.gone.resolve()
  }
}
