import type { MiddlewareHandler } from 'hono'
import { PlatformError } from './errors.ts'

const DEFAULT_TIMEOUT = 60

/** Seconds that a request of this function may last. */
export function timeoutOf({ timeout = DEFAULT_TIMEOUT }: { readonly timeout?: number }): number {
  return timeout
}

/** What takes longer than the function's timeout is answered 504; the work itself may go on to its end. */
export function withinTime(fn: { readonly name: string; readonly timeout?: number }): MiddlewareHandler {
  const seconds = timeoutOf(fn)
  return async function withinTime(_c, next) {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<never>((_resolve, reject) => {
      const error = new PlatformError('timeout', `${fn.name} did not answer within ${seconds} s`)
      timer = setTimeout(reject, seconds * 1000, error)
    })
    await Promise.race([next(), late]).finally(() => clearTimeout(timer))
  }
}
