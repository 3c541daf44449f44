import { readFileSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'
import { createRandom } from '../simulation/random.ts'
import { collect } from './evidence.ts'
import type { Traffic } from './generate.ts'
import { generate } from './generate.ts'
import type { Violation } from './judge.ts'
import { judge } from './judge.ts'
import { openLedger } from './ledger.ts'
import { tellOfRuns } from './models.ts'
import { judgeMoment, leftToDo } from './moment.ts'
import { files } from './process/settings.ts'
import type { Round } from './round.ts'
import type { InWorld } from './scenario.ts'
import type { World } from './world.ts'

const DEFAULT: Omit<Traffic, 'seed'> = {
  events: 24,
  keys: 4,
  does: ['well', 'well', 'well', 'later', 'job'],
  outside: 0.3,
  again: 0.3,
  poison: [],
}
/** Milliseconds. */
const PATIENCE = 120_000
const LOOK = 40

/** Runs one seed in a world: traffic, strike, rest, judgement. */
export async function playRound(world: World, scenario: InWorld, seed: number): Promise<Round> {
  const random = createRandom(seed)
  const found: Violation[] = []
  const tell = (message: string): void => {
    const [, invariant = 'other', what = message] = /^(I\d+|other): (.*)$/s.exec(message) ?? []
    found.push({ kind: 'other', invariant, message: what })
  }
  const before = world.deaths.n
  const begun = performance.now()
  const given = { world, random, seed, tell }
  const ledger = openLedger(files(world.data).sent)
  const patience = AbortSignal.timeout(PATIENCE)
  scenario.prepare?.(given)
  const sending = generate(
    world.url,
    { ...DEFAULT, seed, ...scenario.traffic },
    { ledger, random: createRandom(seed + 1), signal: patience },
  )
  const telling = scenario.runs ? again(() => tellOfRuns(world, seed, scenario.runs ?? 0)) : undefined
  const traffic = Promise.all([sending, telling])
  traffic.catch(() => undefined)
  const rest = async (): Promise<void> => {
    await traffic
    found.push(...(await untilRest(world, patience)))
  }
  try {
    await scenario.strike({ ...given, rest })
    await rest()
    const [{ odd, cut }] = await traffic
    for (const one of odd) tell(`I9: ${one}`)
    if (scenario.isGentle) {
      // A connection that still waits to be accepted when a socket stops listening is reset: nobody took that request in.
      const heard = new Set(readFileSync(files(world.data).heard, 'utf8').split('\n'))
      for (const [name, what] of cut) if (heard.has(name)) tell(`I10: a request was cut: ${what}`)
    }
  } catch (error) {
    tell(`other: ${error instanceof Error ? error.stack : error}`)
  } finally {
    ledger.close()
  }
  const recovery = performance.now() - Math.max(begun, world.deaths.at)

  // A death may be noticed only after all that was left to do was done.
  const evidence = await again(async () => {
    await world.settled()
    return collect(world)
  })
  found.push(...judge(evidence))
  const mine = evidence.sent.filter((one) => one.seed === seed)
  const isMine = ({ key }: { readonly key: string }): boolean =>
    key.startsWith(`s${seed}-`) || key.startsWith(`m${seed}-`)
  return {
    name: scenario.name,
    seed,
    killed: world.deaths.n - before,
    sent: mine.filter(({ say }) => say === 'sending').length,
    acknowledged: mine.filter(({ say }) => say === 'acknowledged').length,
    handled: evidence.effects.filter(isMine).length,
    dead: evidence.dead.filter(({ record }) => isMine(record)).length,
    recovery,
    violations: found,
  }
}

/** Waits until nothing is left to do; meanwhile each moment is judged. */
async function untilRest(world: World, patience: AbortSignal): Promise<Violation[]> {
  let left = ''
  while (!patience.aborted) {
    try {
      await world.settled()
      const found = await judgeMoment(world)
      if (found.length > 0) return found
      left = await leftToDo(world)
      if (left === '') return []
    } catch (error) {
      left = error instanceof Error ? error.message : String(error)
    }
    await wait(LOOK)
  }
  return [{ kind: 'other', invariant: 'I1', message: `after ${PATIENCE / 1000} s there is left: ${left}` }]
}

async function again<result>(work: () => Promise<result>): Promise<result> {
  for (;;) {
    try {
      return await work()
    } catch {
      await wait(LOOK)
    }
  }
}
