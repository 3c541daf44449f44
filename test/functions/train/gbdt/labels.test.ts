import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { labelOf, labels } from '../../../../functions/train/gbdt/labels.ts'

describe('labels', () => {
  for (const [what, values, classes, codes] of [
    ['numbers by size', [10, 9, -1, 9], [-1, 9, 10], [2, 1, 0, 1]],
    ['texts by code unit', ['b', 'B', '是', 'a'], ['B', 'a', 'b', '是'], [2, 0, 3, 1]],
    ['texts of numbers as texts', ['10', '9', '9'], ['10', '9'], [0, 1, 1]],
    ['truth values, false first', [true, false, true], [false, true], [1, 0, 1]],
  ] as const) {
    it(`sorts ${what} and keeps their JSON type`, () => {
      const found = labels(values, 'y')

      assert.deepEqual(found.classes, classes)
      assert.deepEqual([...found.codes], codes)
    })
  }

  it('refuses no class, one class, and more than 1000', () => {
    assert.throws(() => labels([], 'y'), /^PlatformError: y has no value: there is nothing to tell apart$/)
    assert.throws(() => labels(['a', 'a'], 'y'), /y has only the value a: there is nothing to tell apart/)
    const many = Array.from({ length: 1001 }, (_, at) => at)
    assert.throws(() => labels(many, 'y'), /y has 1001 different values, which are too many classes/)
    assert.equal(labels(many.slice(1), 'y').classes.length, 1000)
  })

  it('reads a field as the type that its column has', () => {
    assert.deepEqual(
      [labelOf('1.50', 'number'), labelOf('1.50', 'category'), labelOf('true', 'boolean'), labelOf('false', 'boolean')],
      [1.5, '1.50', true, false],
    )
  })
})
