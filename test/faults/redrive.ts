import { setTimeout as wait } from 'node:timers/promises'
import type { World } from './world.ts'

const AGAIN = 50

/** Asks by the platform's own route that the dead letters of a trigger are delivered again. */
export function redrive(world: World, trigger: string): Promise<void> {
  return untilTaken(`${world.url}/_mezz/dead-letters/redrive`, { trigger })
}

/** Lets a trigger go on that has stopped. */
export function resume(world: World, trigger: string): Promise<void> {
  return untilTaken(`${world.url}/_mezz/triggers/${trigger}/resume`, {})
}

async function untilTaken(url: string, body: object): Promise<void> {
  for (;;) {
    const headers = { 'content-type': 'application/json', connection: 'close' }
    const answer = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) }).catch(() => undefined)
    if (answer?.ok) return
    await wait(AGAIN)
  }
}
