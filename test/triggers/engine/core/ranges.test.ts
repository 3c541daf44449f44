import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createPassed } from '../../../../triggers/engine/core/ranges.ts'

describe('passed offsets', () => {
  it('moves the position over what is passed without a hole', () => {
    const passed = createPassed({ position: 10, ranges: [] })

    passed.add(11, 12)
    passed.add(13, 15)
    passed.add(10, 11)

    assert.equal(passed.position, 12)
    assert.deepEqual(passed.ranges(), [[13, 15]])
  })

  it('joins ranges that touch or overlap', () => {
    const passed = createPassed({
      position: 0,
      ranges: [
        [2, 4],
        [6, 8],
        [10, 12],
      ],
    })

    passed.add(4, 6)
    passed.add(7, 11)

    assert.equal(passed.position, 0)
    assert.deepEqual(passed.ranges(), [[2, 12]])
  })

  it('says of each offset what a set of offsets says, in any order of adding', () => {
    for (let seed = 1; seed <= 200; seed++) {
      let state = seed
      const draw = (below: number) => {
        state = (state * 48271) % 2147483647
        return state % below
      }
      const set = new Set<number>()
      const passed = createPassed({ position: 0, ranges: [] })
      for (let step = 0; step < 60; step++) {
        const from = draw(80)
        const to = from + draw(6)
        passed.add(from, to)
        for (let offset = from; offset < to; offset++) set.add(offset)
      }

      let position = 0
      while (set.has(position)) position++
      assert.equal(passed.position, position, `seed ${seed}`)
      for (let offset = 0; offset < 90; offset++) assert.equal(passed.has(offset), set.has(offset), `seed ${seed}`)
      const again = createPassed({ position: passed.position, ranges: passed.ranges() })
      assert.deepEqual(again.ranges(), passed.ranges())
      for (const [at, [from, to]] of passed.ranges().entries()) {
        const before = passed.ranges()[at - 1]?.[1] ?? passed.position
        assert.ok(before < from && from < to, `seed ${seed}: sorted, apart, not empty`)
      }
    }
  })
})
