import type { Database } from './postgres.ts'

/** Resolves at the next notification of the channel, at the latest after `most` ms, or when the signal ends. */
export type Bell = (signal: AbortSignal) => Promise<void>

/** A bell for one channel; connects with its first use, and a lost notification costs no more than `most` ms. */
export function bell(database: Database, channel: string, most = 5000): Bell {
  const waiting = new Set<() => void>()
  let listening = false
  const ring = (): void => {
    for (const done of [...waiting]) done()
  }

  return async function rung(signal) {
    if (!listening) database.listen(channel, ring)
    listening = true
    await new Promise<void>((resolve) => {
      const done = (): void => {
        clearTimeout(timer)
        signal.removeEventListener('abort', done)
        waiting.delete(done)
        resolve()
      }
      const timer = setTimeout(done, most)
      signal.addEventListener('abort', done, { once: true })
      waiting.add(done)
      if (signal.aborted) done()
    })
  }
}
