import assert from 'node:assert/strict'
import { it } from 'node:test'
import { parseSamples } from '../../../functions/convert/samples.ts'

const features = ['a', 'b_c']

it('takes rows without a header in the order of the features', () => {
  assert.deepEqual(parseSamples('1,2\n-3.5e2,0\n', features), [
    [1, 2],
    [-350, 0],
  ])
})

it('takes columns by their names under a header, leaves others out, and knows blanks in names', () => {
  assert.deepEqual(parseSamples('id,"b c",a\r\n7,2,1\r\n', features), [[1, 2]])
})

it('reads empty cells and the usual words as missing, and infinities', () => {
  assert.deepEqual(parseSamples(',NA\nnan,null\n,\nInfinity,-Infinity', features), [
    [Number.NaN, Number.NaN],
    [Number.NaN, Number.NaN],
    [Number.NaN, Number.NaN],
    [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY],
  ])
})

it('takes nothing for no rows', () => {
  assert.deepEqual(parseSamples('', features), [])
  assert.deepEqual(parseSamples('a,b c\n', features), [])
})

for (const [what, text, line] of [
  ['a row that is too short', '1,2\n1', 'line 2'],
  ['a cell that is no number', 'a,b c\n1,2\n\n1,x', 'line 4'],
  ['a header without a feature', 'a,d\n1,2', 'line 1'],
] as const) {
  it(`refuses ${what}, with its line`, () => {
    assert.throws(
      () => parseSamples(text, features),
      (error: { code: string; errors: unknown }) => {
        assert.equal(error.code, 'unprocessable')
        assert.match(JSON.stringify(error.errors), new RegExp(`"pointer":"${line}"`))
        return true
      },
    )
  })
}

it('refuses more rows than are taken', () => {
  assert.throws(() => parseSamples('1,2\n'.repeat(10_001), features), { code: 'too_large' })
})
