import { readFileSync, writeFileSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'
import { files } from './process/settings.ts'
import type { InWorld } from './scenario.ts'
import { killAfter } from './strikes.ts'
import type { World } from './world.ts'

const DAY = 24 * 3_600_000
/** The engine looks at the clock each second. */
const LOOKED = 1500
const PATIENCE = 40_000

/** The clock that people set jumps ahead, back, and ahead again, with a death between: each instant comes once, none before its time. */
export const clock: InWorld = {
  name: 'clock',
  share: 4,
  traffic: { events: 8 },
  async strike({ world, random, tell }) {
    const file = files(world.data).clock
    const start = aheadOf(file)
    const jump = async (days: number, isNew: boolean): Promise<void> => {
      const before = await told(world)
      writeFileSync(file, String(start + days * DAY))
      if (random.chance(0.5)) await killAfter(world, random, random.pick(['platform', 'everything']))
      if (!isNew) return void (await wait(LOOKED))
      for (const end = performance.now() + PATIENCE; (await told(world)) <= before; await wait(100)) {
        if (performance.now() > end) return tell(`I11: nothing was told after a jump of ${days} days`)
      }
    }
    await begun(world)
    await jump(random.between(32, 90), true)
    await jump(-random.between(1, 60), false)
    await jump(random.between(130, 400), true)
    const rows = await world.database.query<{ at: number }>`
      select number as at from tally.effects where route = 'due' order by n`
    const now = Date.now() + aheadOf(file)
    for (const { at } of rows) if (at > now) tell(`I11: ${new Date(at).toISOString()} was told before its time`)
  },
}

/** A schedule begins when it is first seen: by the clock of then. */
async function begun({ database }: World): Promise<void> {
  while ((await database.query`select 1 from mezz.schedules`).length === 0) await wait(100)
}

async function told({ database }: World): Promise<number> {
  const rows = await database.query<{ n: number }>`select count(*) as n from tally.effects where route = 'due'`.catch(
    () => [],
  )
  return rows[0]?.n ?? 0
}

function aheadOf(file: string): number {
  try {
    return Number(readFileSync(file, 'utf8'))
  } catch {
    return 0
  }
}
