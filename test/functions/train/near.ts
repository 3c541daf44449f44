import assert from 'node:assert/strict'

/** As many numbers as expected, each within 1e-12 of its own. */
export function assertNear(actual: ArrayLike<number>, expected: ArrayLike<number>): void {
  assert.equal(actual.length, expected.length)
  for (const [index, value] of Array.from(expected).entries()) {
    const difference = Math.abs((actual[index] ?? Number.NaN) - value)
    assert.ok(difference <= 1e-12, `number ${index} is ${actual[index]}, not ${value}`)
  }
}
