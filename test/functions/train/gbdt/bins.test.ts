import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { binColumn, nextUp } from '../../../../functions/train/gbdt/bins.ts'
import { seeded } from '../../../seeded.ts'

const ZERO = Math.fround(1e-35)

function bin(values: readonly number[], most = 255) {
  return binColumn({ name: 'x', values: Float64Array.from(values) }, most)
}

describe('binColumn', () => {
  it('cuts half way between neighbouring values, three rows a bin at least, and sets zero apart', () => {
    const { upper, bins, missing } = bin([-2, -2, -2, -1, 0, 3, 3, 3, 5, 6, 6])

    assert.deepEqual([...upper], [nextUp(-1.5), -ZERO, ZERO, nextUp(4), Number.POSITIVE_INFINITY])
    assert.deepEqual([...bins], [0, 0, 0, 1, 2, 3, 3, 3, 4, 4, 4])
    assert.equal(missing, false)
  })

  it('gives missing values the last bin', () => {
    const { bins, size, missing, range } = bin([1, Number.NaN, 1, 1, 2, Number.NaN])

    assert.deepEqual([...bins], [1, 3, 1, 1, 2, 3])
    assert.deepEqual({ size, missing, range }, { size: 4, missing: true, range: [1, 2] })
  })

  it('holds to the most bins, about as many rows in each, a frequent value alone', () => {
    const random = seeded(1)
    const values = Array.from({ length: 10_000 }, () => (random() < 0.2 ? 0.5 : random() < 0.1 ? Number.NaN : random()))

    const { bins, size, upper } = bin(values, 64)

    const rows = new Map<number, number>()
    for (const its of bins) rows.set(its, (rows.get(its) ?? 0) + 1)
    const frequent = upper.findIndex((bound) => 0.5 <= bound)
    const alone = values.filter((value) => value === 0.5).length
    assert.ok(size <= 64 && size > 55)
    assert.ok((rows.get(frequent) ?? 0) >= alone)
    for (const [its, count] of rows) {
      assert.ok(its === frequent || its === size - 1 || (count > 60 && count < 260), `bin ${its} has ${count} rows`)
    }
  })

  it('puts every number at or below its bound and above the one before', () => {
    const random = seeded(2)
    const values = Array.from({ length: 3000 }, () => (random() - 0.4) * 10 ** (random() * 20 - 10))

    const { bins, upper } = bin(values)

    assert.ok(
      values.every((value, row) => {
        const its = bins[row] ?? 0
        return value <= (upper[its] ?? 0) && (its === 0 || value > (upper[its - 1] ?? 0))
      }),
    )
    assert.ok(upper.every((bound, index) => index === 0 || bound > (upper[index - 1] ?? 0)))
  })
})

describe('nextUp', () => {
  it('steps to the next larger double', () => {
    assert.deepEqual(
      [0, 1, -1, 0.1].map(nextUp),
      [5e-324, 1.0000000000000002, -0.9999999999999999, 0.10000000000000002],
    )
    assert.deepEqual([nextUp(Number.POSITIVE_INFINITY), nextUp(-5e-324)], [Number.POSITIVE_INFINITY, -0])
  })
})
