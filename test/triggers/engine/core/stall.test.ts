import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Seen } from '../../../../triggers/engine/core/stall.ts'
import { createStallProbe } from '../../../../triggers/engine/core/stall.ts'

const IDLE: Seen = { name: 'toy', moves: 1, lag: 0, runnable: 0, inFlight: 0, nextDue: null, isHeld: false }

/** Looks at the same thing every ten seconds, for two minutes; answers with what was found last. */
function stare(seen: Partial<Seen>, moves = (_look: number) => 1): string | undefined {
  const probe = createStallProbe(45_000)
  let found: string | undefined
  for (let look = 0; look <= 12; look++) {
    found = probe.look([{ ...IDLE, ...seen, moves: moves(look) }], 1_000_000 + look * 10_000).get('toy')
  }
  return found
}

describe('a stall probe', () => {
  it('finds a trigger that stands still although it has work', () => {
    assert.match(stare({ runnable: 3, lag: 3 }) ?? '', /^3 events could be delivered, and nothing has moved for 120 s$/)
    assert.match(stare({ lag: 7 }) ?? '', /^it is 7 events behind/)
    assert.match(stare({ lag: 1, nextDue: 1_000_000 }) ?? '', /^an event that waited is due/)
  })

  it('is content with what moves, waits, delivers, is held, or has nothing to do', () => {
    assert.equal(stare({}), undefined)
    assert.equal(
      stare({ runnable: 3, lag: 3 }, (look) => look),
      undefined,
    )
    assert.equal(stare({ lag: 1, nextDue: 9_000_000 }), undefined)
    assert.equal(stare({ lag: 9, runnable: 9, inFlight: 1 }), undefined)
    assert.equal(stare({ lag: 9, runnable: 9, isHeld: true }), undefined)
  })

  it('is patient, and takes its word back when something moves', () => {
    const probe = createStallProbe(45_000)
    const look = (moves: number, at: number) => probe.look([{ ...IDLE, lag: 1, moves }], at).has('toy')

    assert.deepEqual(
      [look(1, 0), look(1, 40_000), look(1, 50_000), look(2, 60_000), look(2, 100_000), look(2, 110_000)],
      [false, false, true, false, false, true],
    )
  })
})
