import { setTimeout } from 'node:timers/promises'
import type { EngineLog } from './trigger.ts'

const FIRST = 200
const MOST = 5000
/** Work that ran so long has begun well: what comes after starts with short waits again. */
const WELL = 10_000

/** Runs work until the signal ends; when it fails, says so and begins it again, after waits that double. */
export async function supervise(
  name: string,
  work: (signal: AbortSignal) => Promise<void>,
  { signal, log }: { readonly signal: AbortSignal; readonly log: EngineLog },
): Promise<void> {
  let wait = FIRST
  while (!signal.aborted) {
    const begun = performance.now()
    try {
      await work(signal)
    } catch (error) {
      if (signal.aborted) return
      log('warn', `${name} stopped and starts again`, error)
    }
    if (performance.now() - begun > WELL) wait = FIRST
    await setTimeout(wait, undefined, { signal }).catch(() => undefined)
    wait = Math.min(MOST, wait * 2)
  }
}
