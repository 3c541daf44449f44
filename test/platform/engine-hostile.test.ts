import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { judge } from '../../triggers/engine/core/policy.ts'
import type { Random } from '../simulation/random.ts'
import { createRandom } from '../simulation/random.ts'
import { eventually } from './eventually.ts'
import type { CrashingPostgres } from './fixture/crashing-postgres.ts'
import { crashingPostgres } from './fixture/crashing-postgres.ts'
import type { ToyPolicy } from './fixture/toy-engine.ts'
import { deadLetters, leftOver, tell, toyEngine } from './fixture/toy-engine.ts'
import type { Arrived, Reply } from './fixture/toy-target.ts'
import { toyTarget } from './fixture/toy-target.ts'
import { hostileLog } from './hostile-topics.ts'

// SEED=17 runs that one alone.
const first = Number(process.env['SEED'] ?? 1)
const SEEDS = process.env['SEED'] ? 1 : 20
const AT_ONCE = 5
const EVENTS = 200
const PARTITIONS = 3

describe('two engines on a log that does everything its contract allows', () => {
  let postgres: CrashingPostgres
  before(async () => {
    postgres = await crashingPostgres()
  })
  after(() => postgres.close())

  it(`handle or bury each of ${SEEDS} × ${EVENTS} events once, in the order of its key`, async (context) => {
    const seeds = Array.from({ length: SEEDS }, (_, at) => first + at)
    const sums = { failedReads: 0, shortReads: 0, repeatedReads: 0, repeatedAppends: 0, moves: 0, dead: 0, repeated: 0 }
    const worker = async (): Promise<void> => {
      for (let seed = seeds.shift(); seed !== undefined; seed = seeds.shift()) {
        const { done, dead, repeated } = await schedule(postgres, seed)
        for (const [name, n] of Object.entries({ ...done, dead, repeated })) sums[name as keyof typeof sums] += n
      }
    }

    await Promise.all(Array.from({ length: AT_ONCE }, worker))

    context.diagnostic(JSON.stringify(sums))
    if (SEEDS > 1) for (const [name, n] of Object.entries(sums)) assert.ok(n > 0, `${name} never happened`)
  })
})

/** One seed, from its first event to its rest. */
async function schedule(postgres: CrashingPostgres, seed: number) {
  const random = createRandom(seed)
  const policy: ToyPolicy = {
    order: random.chance(0.7) ? 'key' : 'none',
    parallel: random.between(1, 16),
    attempts: 4,
    backoff: { first: 5, most: 40 },
  }
  const replies = Array.from({ length: EVENTS }, () => replyOf(random))
  const target = await toyTarget(({ n, times }) => replies[n]?.(times) ?? { status: 500 })
  const { engine: url } = await postgres.team([], `hostile-${seed}`)
  const log = hostileLog(random, PARTITIONS)
  const engines = ['a', 'b'].map((member) =>
    toyEngine({ url, member, topics: log.open(), target: { url: target.url, policy } }),
  )
  const [{ database } = assert.fail()] = engines
  try {
    const ids: string[] = []
    while (ids.length < EVENTS) {
      ids.push(...(await tell(database, { count: 50, keys: 15, first: ids.length })))
      await wait(random.between(0, 150))
      log.rebalance()
    }
    log.calm()

    const where = `SEED=${seed}`
    await eventually(`${where}: nothing is left to do`, async () => {
      const positions = await database.query<{ position: number }>`
        select position from positions where trigger = 'toy' order by partition`
      const isPassed = log.highs().every((high, at) => high > 0 && positions[at]?.position === high)
      return isPassed && (await leftOver(database)) === 0
    }).catch((error: unknown) => {
      throw new Error(`${where}: ${engines.flatMap(({ told }) => told).join('\n')}`, { cause: error })
    })

    const dead = await deadLetters(database)
    const ends = [...target.effects.map(({ id }) => id), ...new Set(dead.map(({ id }) => id))]
    assert.deepEqual(ends.toSorted(), ids.toSorted(), `${where}: each event has one end`)
    for (const { id, attempts, status } of dead) {
      const isAtOnce = judge({ status, code: '', message: '' }) === 'dead'
      assert.ok(isAtOnce || attempts >= 4, `${where}: ${id} is dead after ${attempts} attempts`)
    }
    if (policy.order === 'key') inOrder(target.effects, where)
    return { done: log.done, dead: dead.length, repeated: target.arrivals.length - ids.length }
  } finally {
    await Promise.all(engines.map((one) => one.close()))
    await target.close()
  }
}

/** What a target does with one event, by how often it has arrived: the same each time that the seed is run. */
function replyOf(random: Random): (times: number) => Reply {
  const after = random.between(0, 10)
  const chance = random.next()
  if (chance < 0.04) return () => ({ status: random.chance(0.5) ? 400 : 302 })
  if (chance < 0.08) return () => ({ status: 500, after })
  if (chance < 0.2) return (times) => ({ status: times < 3 ? 503 : 204, after })
  if (chance < 0.25) return (times) => ({ status: 200, cut: times < 3, after })
  return () => ({ status: 204, after })
}

function inOrder(effects: readonly Arrived[], where: string): void {
  for (const [key, some] of Map.groupBy(effects, ({ key }) => key)) {
    const ns = some.map(({ n }) => n)
    assert.deepEqual(
      ns,
      ns.toSorted((a, b) => a - b),
      `${where}: the order of ${key}`,
    )
  }
}
