// `npm run test:faults -- [--seeds N] [--only NAME] [--seed FIRST] [--at-once N]`: kills the platform in many ways and judges what is left.
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { bundleToys } from './bundles.ts'
import { lastWords } from './evidence.ts'
import type { Round } from './round.ts'
import { playRound } from './round.ts'
import type { Scenario } from './scenarios.ts'
import { SCENARIOS } from './scenarios.ts'
import { shareOut } from './share-out.ts'
import { table } from './table.ts'
import type { World } from './world.ts'
import { openWorld } from './world.ts'

const { values } = parseArgs({
  options: {
    seeds: { type: 'string' },
    only: { type: 'string' },
    seed: { type: 'string' },
    'at-once': { type: 'string', default: '2' },
  },
})
const wanted = SCENARIOS.filter(({ name }) => values.only === undefined || name === values.only)
if (wanted.length === 0) {
  console.error(`there is no ${values.only}; there are: ${SCENARIOS.map(({ name }) => name).join(', ')}`)
  process.exit(2)
}
const first = Number(values.seed ?? 1 + Math.floor(Math.random() * 1_000_000))
const plan = shareOut(wanted, Number(values.seeds ?? (values.seed === undefined ? 100 : 1)), first)
console.log(`${plan.length} seeds from ${first} on`)

const begun = performance.now()
const bundles = await bundleToys(await mkdtemp(join(tmpdir(), 'mezz-faults-bundles-')))
const rounds: Round[] = []
const left: number[] = []
await Promise.all(Array.from({ length: Number(values['at-once']) }, () => work()))
console.log(table(rounds))
console.log(`${rounds.length} seeds in ${Math.round((performance.now() - begun) / 1000)} s`)
if (left.length > 0) console.log(`processes that were left: ${left.join(', ')}`)
const isGood = left.length === 0 && rounds.every(({ violations }) => violations.length === 0)
process.exit(isGood ? 0 : 1)

/** Plays one seed after the other in one world, and in a new one after a violation. */
async function work(): Promise<void> {
  let world: World | undefined
  for (let next = plan.shift(); next; next = plan.shift()) {
    world ??= await openWorld(await mkdtemp(join(tmpdir(), 'mezz-faults-')), { bundles })
    const round = await playRound(world, next.scenario, next.seed)
    rounds.push(round)
    if (round.violations.length === 0) continue
    report(round, next.scenario, world)
    left.push(...(await world.close()))
    world = undefined
  }
  if (world) left.push(...(await world.close()))
}

function report({ seed, violations }: Round, { name }: Scenario, { data }: World): void {
  console.log(`\n${name} ${seed}:`)
  for (const { kind, invariant, message } of violations.slice(0, 12)) console.log(`  ${invariant} ${kind}: ${message}`)
  console.log(`  it is repeated by: npm run test:faults -- --only ${name} --seed ${seed}`)
  console.log(lastWords(data).replaceAll(/^/gm, '    '))
}
