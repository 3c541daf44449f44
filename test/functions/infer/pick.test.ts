import assert from 'node:assert/strict'
import { it } from 'node:test'
import { pick } from '../../../functions/infer/pick.ts'

const versions = [
  { version: 1, traffic: 25 },
  { version: 2, traffic: 0 },
  { version: 3, traffic: 75 },
]

for (const [tail, version] of [
  ['00000000', 1],
  ['3fffffff', 1],
  ['40000000', 3],
  ['ffffffff', 3],
] as const) {
  it(`chooses version ${version} for a request whose id ends in ${tail}`, () => {
    assert.equal(pick(versions, `0190a5e0-0000-7000-8000-0000${tail}`).version, version)
  })
}

it('refuses to choose among nothing', () => {
  assert.throws(() => pick([], '0190a5e0-0000-7000-8000-000000000000'), RangeError)
})
