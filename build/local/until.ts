import { setTimeout } from 'node:timers/promises'

/** Asks every 10 ms until the answer is yes, and says so; no after `milliseconds`. */
export async function until(milliseconds: number, check: () => Promise<boolean>): Promise<boolean> {
  const end = performance.now() + milliseconds
  while (!(await check())) {
    if (performance.now() > end) return false
    await setTimeout(10)
  }
  return true
}
