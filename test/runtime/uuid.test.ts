import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { uuidOf, uuidv7 } from '../../runtime/uuid.ts'

describe('uuidv7', () => {
  it('is a UUID of version 7 and the variant of RFC 9562', () => {
    for (let n = 0; n < 1000; n++) {
      assert.match(uuidv7(), /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    }
  })

  it('begins with its milliseconds, as in the example of RFC 9562 appendix A.6', () => {
    assert.match(uuidv7(0x017f22e279b0), /^017f22e2-79b0-7/)
  })

  it('sorts by time', () => {
    const times = [0, 1, 1e12, 2e12, 2 ** 48 - 1]
    const ids = times.map((time) => uuidv7(time))

    assert.deepEqual(ids.toSorted(), ids)
  })

  it('differs within a millisecond', () => {
    assert.equal(new Set(Array.from({ length: 10_000 }, () => uuidv7(1))).size, 10_000)
  })
})

describe('uuidOf', () => {
  it('is a UUID of version 8 and the variant of RFC 9562, from the SHA-256 of the names', () => {
    assert.equal(uuidOf('/shop', '7'), '6c032546-78fd-8789-a31c-42eaaa459a0a')
  })

  it('tells names apart by where they end', () => {
    assert.notEqual(uuidOf('a', 'bc'), uuidOf('ab', 'c'))
    assert.notEqual(uuidOf('a', ''), uuidOf('a'))
  })
})
