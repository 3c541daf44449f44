// `npm run test:faults -- [--seeds N] [--only NAME] [--seed FIRST] [--at-once N]`: kills the platform in many ways and judges what is left.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { bundleToys } from './bundles.ts'
import { canMount } from './disks.ts'
import { lastWords } from './evidence.ts'
import { playRound } from './play-round.ts'
import type { Round } from './round.ts'
import { SCENARIOS } from './scenarios.ts'
import { shareOut } from './share-out.ts'
import { table } from './table.ts'
import type { World } from './world.ts'
import { openWorld } from './world.ts'

const MOST_TOLD = 12

const { values } = parseArgs({
  options: {
    seeds: { type: 'string' },
    only: { type: 'string' },
    seed: { type: 'string' },
    'at-once': { type: 'string', default: '3' },
  },
})
const wanted = SCENARIOS.filter(({ name }) => values.only === undefined || name === values.only)
if (wanted.length === 0) {
  console.error(`there is no ${values.only}; there are: ${SCENARIOS.map(({ name }) => name).join(', ')}`)
  process.exit(2)
}
const first = Number(values.seed ?? 1 + Math.floor(Math.random() * 1_000_000))
const plan = shareOut(wanted, Number(values.seeds ?? (values.seed === undefined ? 100 : 1)), first)
const all = plan.length
console.log(`${all} seeds from ${first} on`)

const begun = performance.now()
const bundleFolder = await mkdtemp(join(tmpdir(), 'mezz-faults-bundles-'))
const bundles = await bundleToys(bundleFolder)
const rounds: Round[] = []
const left: string[] = []
const skipped = new Set<string>()
await Promise.all(Array.from({ length: Number(values['at-once']) }, () => work()))
await rm(bundleFolder, { recursive: true })
console.log(table(rounds))
console.log(`${rounds.length} seeds in ${Math.round((performance.now() - begun) / 1000)} s`)
for (const name of skipped) console.log(`${name} was skipped: it mounts file systems, which this user may not`)
if (left.length > 0) console.log(`processes that were left: ${left.join('; ')}`)
const isGood = left.length === 0 && rounds.every(({ violations }) => violations.length === 0)
process.exit(isGood ? 0 : 1)

/** Plays one seed after the other in one world; in a new one after a violation, and where the scenario wants its own. */
async function work(): Promise<void> {
  let world: World | undefined
  const close = async (one: World | undefined): Promise<void> => void left.push(...((await one?.close()) ?? []))
  for (let next = plan.shift(); next; next = plan.shift()) {
    const { scenario, seed } = next
    if ('alone' in scenario) {
      const round = await scenario.alone(seed)
      keep(round)
      if (round.violations.length > 0) report(round)
      continue
    }
    const isOwn = scenario.disk !== undefined
    const open = async () => openWorld(await mkdtemp(join(tmpdir(), 'mezz-faults-')), { bundles, disk: scenario.disk })
    if (isOwn && !canMount()) {
      skipped.add(scenario.name)
      continue
    }
    const here: World = (isOwn ? undefined : world) ?? (await open())
    if (!isOwn) world = here
    const round = await playRound(here, scenario, seed)
    keep(round)
    const isBroken = round.violations.length > 0
    if (isBroken) report(round, here.data)
    if (isOwn) await close(here)
    else if (isBroken) {
      await close(here)
      world = undefined
    }
  }
  await close(world)
}

function keep(round: Round): void {
  rounds.push(round)
  const { name, seed, violations, recovery } = round
  const how = violations.length === 0 ? 'well' : 'BROKEN'
  console.log(`${rounds.length}/${all} ${name} ${seed} ${how}, recovered in ${(recovery / 1000).toFixed(1)} s`)
}

function report({ name, seed, violations }: Round, data?: string): void {
  console.log(`\n${name} ${seed}:`)
  for (const { kind, invariant, message } of violations.slice(0, MOST_TOLD))
    console.log(`  ${invariant} ${kind}: ${message}`)
  console.log(`  it is repeated by: npm run test:faults -- --only ${name} --seed ${seed}`)
  if (data !== undefined) console.log(lastWords(data).replaceAll(/^/gm, '    '))
}
