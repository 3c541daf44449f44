import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { decodeAttribute, encodeAttribute } from '../../runtime/ce-headers.ts'

describe('an attribute in a header', () => {
  for (const value of [
    '',
    'plain-text_1.~/@',
    'with space',
    '100 %',
    '%41',
    'Euro € 😀',
    '数据集',
    'a"b\\c',
    'line\r\nInjected: yes\0\x1f\x7f',
    'é',
  ]) {
    it(`comes out as it went in: ${JSON.stringify(value)}`, () => {
      const encoded = encodeAttribute(value)

      assert.match(encoded, /^[\x21-\x7e]*$/)
      assert.equal(decodeAttribute(new Headers({ x: encoded }).get('x') ?? ''), value)
    })
  }

  it("is encoded as the specification's example says", () => {
    assert.equal(encodeAttribute('Euro € 😀'), 'Euro%20%E2%82%AC%20%F0%9F%98%80')
  })

  it('is never refused: half a surrogate pair is replaced', () => {
    assert.equal(decodeAttribute(encodeAttribute('a\ud800b')), 'a\ufffdb')
  })

  it('that somebody else encoded wrongly is taken as it is', () => {
    for (const value of ['100%', '%zz', '%E4%B8']) assert.equal(decodeAttribute(value), value)
  })
})
