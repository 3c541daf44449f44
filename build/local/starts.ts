import { PlatformError } from '../../runtime/errors.ts'

const PATIENCE = 3
const FIRST_MS = 50
const MOST_MS = 30_000

/** Failed starts of a function in a row: how long to leave it alone, and what to tell who asks for it meanwhile. */
export class Starts {
  #failures = 0
  #until = 0
  #reason: string | undefined

  succeeded(): void {
    this.#failures = 0
    this.#until = 0
    this.#reason = undefined
  }

  /** Who waits is told after the third failure, and at once when a process was given all its time to listen. */
  failed(error: unknown, now: number): void {
    this.#failures++
    this.#until = now + Math.min(MOST_MS, FIRST_MS * 4 ** (this.#failures - 1))
    const late = error instanceof PlatformError && error.code === 'timeout'
    if (late || this.#failures >= PATIENCE) this.#reason = error instanceof Error ? error.message : String(error)
  }

  /** Milliseconds until the next try. */
  delay(now: number): number {
    return Math.max(0, this.#until - now)
  }

  /** What to answer until the next try; `null` while there is hope. */
  refusal(now: number): PlatformError | null {
    const delay = this.delay(now)
    if (!this.#reason || delay === 0) return null
    return new PlatformError('unavailable', this.#reason, { retryAfter: Math.ceil(delay / 1000) })
  }
}
