import { rmSync, writeFileSync } from 'node:fs'
import { files } from './process/settings.ts'
import { redrive } from './redrive.ts'
import type { InWorld } from './scenario.ts'
import { killAfter } from './strikes.ts'
import { POISON } from './toys/events.ts'

/** Poison of each kind, and some inside batches, with a death; then the cure, and a redrive with another death. */
export const poison: InWorld = {
  name: 'poison',
  share: 4,
  traffic: { does: ['well', 'well', 'well', 'spoils'], poison: POISON },
  async strike({ world, random, seed, tell, rest }) {
    if (random.chance(0.5)) await killAfter(world, random, 'platform')
    await rest()
    const rows = await world.database.query<{ key: string }>`
      select record->>'key' as key from mezz.dead_letters where trigger = 'poured-to-poison'`
    const dead = new Set(rows.map(({ key }) => key))
    for (const one of POISON) if (!dead.has(`s${seed}-${one}`)) tell(`I1: what ${one} is not dead`)

    const { cured } = files(world.data)
    writeFileSync(cured, '')
    await redrive(world, 'poured-to-poison')
    await killAfter(world, random, random.pick(['platform', 'function']))
    await rest()
    rmSync(cured)
    const [left] = await world.database.query<{ n: number }>`
      select count(*) as n from mezz.dead_letters where trigger = 'poured-to-poison'`
    if (left?.n !== 0) tell(`I7: ${left?.n} dead letters are left after the redrive of what was cured`)
  },
}
