import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, it } from 'node:test'
import { samplerOf } from '../../runtime/sampling.ts'

const LOW = `${'f'.repeat(19)}${'0'.repeat(13)}`
const HIGH = `${'0'.repeat(19)}${'f'.repeat(13)}`

describe('a sampler', () => {
  it('of a share takes that share of all traces, each process the same ones', () => {
    const samples = samplerOf('traceidratio', 0.25)
    const ids = Array.from({ length: 4000 }, () => randomBytes(16).toString('hex'))

    const taken = ids.filter((id) => samples(id, undefined))

    assert.ok(taken.length > 800 && taken.length < 1200, `${taken.length} of 4000`)
    assert.deepEqual(
      ids.filter((id) => samplerOf('traceidratio', 0.25)(id, false)),
      taken,
    )
    assert.deepEqual([samples(LOW, undefined), samples(HIGH, undefined)], [true, false])
  })

  it('takes nothing of no share, and everything of the whole', () => {
    assert.equal(samplerOf('traceidratio', 0)(LOW, undefined), false)
    assert.equal(samplerOf('traceidratio', 1)(HIGH, undefined), true)
  })

  for (const [name, root] of [
    ['parentbased_always_on', true],
    ['parentbased_always_off', false],
    ['parentbased_traceidratio', false],
  ] as const) {
    it(`${name} does as the caller does, and decides where there is none`, () => {
      const samples = samplerOf(name, 0.5)

      assert.deepEqual([samples(HIGH, true), samples(HIGH, false), samples(HIGH, undefined)], [true, false, root])
    })
  }

  it('that asks no parent does not ask it', () => {
    assert.equal(samplerOf('always_on', 1)(HIGH, false), true)
    assert.equal(samplerOf('always_off', 1)(HIGH, true), false)
  })
})
