import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import * as z from 'zod'
import { ask, begin, CELLS, predict, published, someRow } from '../platform/chain.ts'
import { processesOf, startDev } from '../platform/mezz-dev.ts'
import { createRandom } from '../simulation/random.ts'
import type { Violation } from './judge.ts'
import type { Round } from './round.ts'

const Items = z.object({ items: z.array(z.looseObject({ state: z.string().optional() })) })
/** Milliseconds in which the whole chain is over. */
const SPAN = 4000
/** Seconds in which it is over on a machine that has other work. */
const PATIENCE = 180

/** The chain from a table to a prediction, in `mezz dev` as a user runs it, with two deaths at moments by chance. */
export async function playChain(seed: number): Promise<Round> {
  const random = createRandom(seed)
  const root = await mkdtemp(join(tmpdir(), 'mezz-faults-chain-'))
  const data = join(root, 'data')
  const violations: Violation[] = []
  const expect = (what: string, found: unknown, wanted: unknown): void => {
    if (JSON.stringify(found) === JSON.stringify(wanted)) return
    const message = `${what}: ${JSON.stringify(found)} in place of ${JSON.stringify(wanted)}`
    violations.push({ kind: 'other', invariant: 'I12', message })
  }
  const round = {
    name: 'chain',
    seed,
    killed: 2,
    sent: 1,
    acknowledged: 1,
    handled: 1,
    dead: 0,
    recovery: 0,
    violations,
  }
  let dev = await startDev({ data, folder: root })
  let died = 0
  try {
    await begin(dev.url, CELLS)
    for (let deaths = 0; deaths < 2; deaths++) {
      await wait(random.between(0, SPAN))
      await (random.chance(0.5) ? dev.kill() : dev.killAll())
      died = performance.now()
      dev = await startDev({ data, folder: root })
    }
    const { url } = dev
    const model = await published(url, 'cells', PATIENCE)
    const recovery = performance.now() - died
    expect(
      'versions',
      model.versions.map(({ version, state }) => [version, state]),
      [[1, 'published']],
    )
    const runs = await ask(`${url}/default/train/runs?model=cells`, Items)
    expect(
      'runs',
      runs.items.map(({ state }) => state),
      ['succeeded'],
    )
    expect('extractions', (await ask(`${url}/default/features/extractions?view=cells`, Items)).items.length, 1)
    expect('versions of the dataset', (await fetch(`${url}/default/ingest/datasets/cells/versions/2`)).status, 404)
    expect('flows', (await ask(`${url}/_mezz/flows`, Items)).items.length, 1)
    expect('predictions', (await predict(url, 'cells', [await someRow(url, 'cells')])).predictions.length, 1)
    expect('exit code', await dev.stop(), 0)
    expect('processes that are left', processesOf(data), [])
    return { ...round, recovery }
  } catch (error) {
    await dev.killAll()
    violations.push({ kind: 'other', invariant: 'I12', message: String(error) })
    return round
  } finally {
    await rm(root, { recursive: true, force: true, maxRetries: 5 })
  }
}
