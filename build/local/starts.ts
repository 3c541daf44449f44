const PATIENCE = 3
const FIRST_MS = 50
const MOST_MS = 30_000

/** Counts failed starts of a function in a row: how long to leave it alone, and when to say that it does not start. */
export class Starts {
  #failures = 0
  #until = 0

  succeeded(): void {
    this.#failures = 0
    this.#until = 0
  }

  failed(now: number): void {
    this.#failures++
    this.#until = now + Math.min(MOST_MS, FIRST_MS * 4 ** (this.#failures - 1))
  }

  /** True from the third failure on: who asks is told at once. */
  get hopeless(): boolean {
    return this.#failures >= PATIENCE
  }

  /** Milliseconds until the next try. */
  delay(now: number): number {
    return Math.max(0, this.#until - now)
  }
}
