import assert from 'node:assert/strict'
import { it } from 'node:test'
import { quantity } from '../../runtime/quantity.ts'

for (const [text, number] of [
  ['2', 2],
  ['0.5', 0.5],
  ['500m', 0.5],
  ['1k', 1000],
  ['256Mi', 268_435_456],
  ['1.5Gi', 1_610_612_736],
] as const) {
  it(`reads ${text} as ${number}`, () => assert.equal(quantity(text), number))
}

for (const text of ['', 'Mi', '-1', '1 Gi', '1GiB', '1e3', 'constructor', '1toString']) {
  it(`refuses ${JSON.stringify(text)}`, () => assert.throws(() => quantity(text), { code: 'invalid_input' }))
}
