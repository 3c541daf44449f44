import { setTimeout as wait } from 'node:timers/promises'

/** Asks again until the answer is there; throws with the last error, or what was asked, when it takes too long. */
export async function eventually<answer>(
  what: string,
  ask: () => Promise<answer | undefined | false>,
  seconds = 60,
): Promise<answer> {
  const end = Date.now() + seconds * 1000
  let last: unknown
  while (Date.now() < end) {
    try {
      const answer = await ask()
      if (answer !== undefined && answer !== false) return answer
      last = undefined
    } catch (error) {
      last = error
    }
    await wait(50)
  }
  throw new Error(`not within ${seconds} s: ${what}`, { cause: last })
}
