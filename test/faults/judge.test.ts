import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { bundleToys } from './bundles.ts'
import type { Evidence } from './evidence.ts'
import { collect } from './evidence.ts'
import { judge } from './judge.ts'
import { judgeMoment } from './moment.ts'
import { playRound } from './play-round.ts'
import type { InWorld } from './scenario.ts'
import type { World } from './world.ts'
import { openWorld } from './world.ts'

const QUIET: InWorld = {
  name: 'quiet',
  share: 1,
  traffic: { events: 12, keys: 2, does: ['job', 'well'], outside: 0.5, again: 0.5 },
  runs: 2,
  strike: () => Promise.resolve(),
}

describe('the judge of faults', () => {
  let root = ''
  let bundles: Readonly<Record<string, string>>
  let world: World
  let whole: Evidence
  before(async () => {
    root = await mkdtemp(join(tmpdir(), 'mezz-judge-'))
    bundles = await bundleToys(join(root, 'bundles'))
    world = await openWorld(join(root, 'quiet'), { bundles })
  })
  after(async () => {
    assert.deepEqual(await world.close(), [])
    await rm(root, { recursive: true, force: true })
  })

  it('finds nothing where nothing went wrong', async () => {
    const { violations, sent, acknowledged, handled } = await playRound(world, QUIET, 1)

    assert.deepEqual(violations, [])
    assert.ok(sent >= 12 && acknowledged === sent && handled === 36, `${sent} ${acknowledged} ${handled}`)
    whole = await collect(world)
  })

  const without = <item>(items: readonly item[], is: (item: item) => boolean): item[] => {
    const at = items.findIndex(is)
    assert.ok(at >= 0, 'there is one to take away')
    return items.toSpliced(at, 1)
  }
  const TAMPERED: Record<string, [RegExp, (evidence: Evidence) => Partial<Evidence>]> = {
    'an effect that is missing': [
      /^I1 lost: sent-in-batches .* has no end$/,
      ({ effects }) => ({ effects: without(effects, ({ route }) => route === 'batch') }),
    ],
    'an effect that is there twice': [
      /^I3 doubled: counted s1-0 0 took effect 2 times$/,
      ({ effects }) => ({
        effects: [
          ...effects,
          ...effects.filter(({ route, key, number }) => route === 'counted' && key === 's1-0' && number === 0),
        ],
      }),
    ],
    'effects of a key out of order': [
      /^I5 out of order: sent s1-1: 5, 4, 3, 2, 1, 0$/,
      ({ effects }) => ({ effects: effects.toReversed() }),
    ],
    'other bytes than were sent': [
      /^I1 other: .* has other bytes than were sent$/,
      ({ effects }) => ({ effects: effects.map((one) => ({ ...one, sha256: 'other' })) }),
    ],
    'an acknowledged event that is not in the log': [
      /^I6 lost: s1-0 3 was acknowledged and is not in the log$/,
      ({ log }) => ({
        log: log.filter(({ topic, value }) => topic !== 'sent' || !value.includes('"key":"s1-0","n":3')),
      }),
    ],
    'a request that took effect twice': [
      /^I3 doubled: the request for s1-\d \d took effect 2 times$/,
      ({ things }) => ({ things: [...things, ...things.slice(0, 1)] }),
    ],
    'more attempts than the policy allows': [
      /^I4 other: sent-to-tally .* had \d+ attempts of \d+$/,
      ({ invocations }) => ({
        invocations: Array.from({ length: 40 }, () => invocations.filter(({ route }) => route === 'sent')).flat(),
      }),
    ],
    'a dead letter of an event that was well': [
      /^I1 other: sent-to-tally .* is dead and was well$/,
      ({ log }) => ({
        dead: log.slice(-1).map((record) => ({
          ...record,
          trigger: 'sent-to-tally',
          attempts: 8,
          record,
          error: { code: 'internal', status: 500, message: '' },
        })),
      }),
    ],
    'a dead letter with other bytes': [
      /^I7 other: .* is not what lies in the log at sent/,
      ({ log }) => ({
        dead: log
          .filter(({ topic }) => topic === 'sent')
          .map((record) => ({
            ...record,
            trigger: 'sent-to-tally',
            attempts: 8,
            record: { ...record, value: '{}' },
            error: { code: 'internal', status: 500, message: '' },
          })),
      }),
    ],
    'a job without an end': [
      /^I1 other: job .* is running$/,
      ({ jobs }) => ({ jobs: jobs.map((one) => ({ ...one, state: 'running' })) }),
    ],
    'a job that was asked for twice': [
      /^I3 doubled: s1-\d \d has 2 jobs$/,
      ({ jobs }) => ({ jobs: [...jobs, ...jobs.map((one) => ({ ...one, id: `${one.id}-again` }))] }),
    ],
    'a step without an end': [/^I1 other: a flow's step has no end: job\/1$/, () => ({ open: ['job/1'] })],
    'an object that is gone': [/^I6 lost: an effect names blobs\/1/, () => ({ missing: ['blobs/1'] })],
    'a version without its run’s event': [
      /^I1 lost: run s1-r0 was not told as published$/,
      ({ log }) => ({ log: log.filter(({ headers }) => headers['ce_type'] !== 'mezz.model.published.v1') }),
    ],
    'half a package': [
      /^I6 lost: the package of m1-0@1 is not whole$/,
      ({ versions }) => ({ versions: versions.map((one) => ({ ...one, bytes: null })) }),
    ],
    'an alias of another time': [/^I1 lost: the alias of m1-1 says/, () => ({ aliases: new Map() })],
  }
  for (const [what, [message, tamper]] of Object.entries(TAMPERED)) {
    it(`finds ${what}`, () => {
      const found = judge({ ...whole, ...tamper(whole) }).map((one) => `${one.invariant} ${one.kind}: ${one.message}`)

      assert.ok(
        found.some((one) => message.test(one)),
        found.join('\n'),
      )
    })
  }

  it('finds a position that has passed what is not settled', async () => {
    assert.deepEqual(await judgeMoment(world), [])
    await world.database
      .query`delete from tally.effects where n = (select min(n) from tally.effects where route = 'sent')`

    const [found] = await judgeMoment(world)

    assert.match(found?.message ?? '', /^the position of sent-to-tally has passed offset \d+, which is not settled/)
  })

  for (const [mutant, message] of [
    ['drops', /was acknowledged and is not in the log/],
    ['repeats', /took effect 2 times/],
  ] as const) {
    it(`finds an engine that ${mutant} an event`, async () => {
      const wrong = await openWorld(join(root, mutant), { bundles, mutant })
      const { violations } = await playRound(wrong, QUIET, 2)
      await wrong.close()

      assert.ok(
        violations.some((one) => message.test(one.message)),
        JSON.stringify(violations),
      )
    })
  }
})
