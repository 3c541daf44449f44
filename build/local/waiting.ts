import { PlatformError } from '../../runtime/errors.ts'

export interface WaitingOptions {
  readonly name: string
  /** Requests that may wait at once. */
  readonly most: number
  /** Milliseconds that one may wait. */
  readonly longest: number
}

interface Waiter<thing> {
  serve(thing: thing): void
  refuse(error: unknown): void
}

/** Requests that wait for a place, first come, first served; no more than `most`, none longer than `longest`. */
export class Waiting<thing> {
  readonly #options: WaitingOptions
  readonly #waiters = new Set<Waiter<thing>>()

  constructor(options: WaitingOptions) {
    this.#options = options
  }

  get length(): number {
    return this.#waiters.size
  }

  /** Resolves with what it is served; rejects with `unavailable` when the queue is full or the wait too long, and with the signal's reason. */
  wait(signal: AbortSignal): Promise<thing> {
    const { name, most, longest } = this.#options
    if (this.#waiters.size >= most) {
      return Promise.reject(new PlatformError('unavailable', `${most} requests wait for ${name}`, { retryAfter: 1 }))
    }
    return new Promise((resolve, reject) => {
      const leave = () => {
        clearTimeout(timer)
        signal.removeEventListener('abort', abort)
        this.#waiters.delete(waiter)
      }
      const waiter: Waiter<thing> = {
        serve: (thing) => {
          leave()
          resolve(thing)
        },
        refuse: (error) => {
          leave()
          reject(error)
        },
      }
      const abort = () => waiter.refuse(signal.reason)
      const tooLong = () =>
        waiter.refuse(
          new PlatformError('unavailable', `no process of ${name} was free in ${longest} ms`, { retryAfter: 1 }),
        )
      const timer = setTimeout(tooLong, longest)
      signal.addEventListener('abort', abort)
      this.#waiters.add(waiter)
      if (signal.aborted) abort()
    })
  }

  /** Serves the first one. */
  serve(thing: thing): void {
    const [first] = this.#waiters
    first?.serve(thing)
  }

  refuseAll(error: unknown): void {
    for (const waiter of [...this.#waiters]) waiter.refuse(error)
  }
}
