import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseParameters } from '../../../../functions/train/gbdt/parameters.ts'
import { PlatformError } from '../../../../runtime/errors.ts'

describe('parseParameters', () => {
  it("fills in LightGBM's defaults", () => {
    assert.deepEqual(parseParameters({ rounds: 7 }), {
      rounds: 7,
      learningRate: 0.1,
      leaves: 31,
      minDataInLeaf: 20,
      minSumHessian: 0.001,
      lambda: 0,
      bins: 255,
    })
  })

  it('names every wrong and every unknown parameter at once', () => {
    assert.throws(
      () => parseParameters({ rounds: 0, 'num/leaves': 5, bins: 256, maxDepth: '3' }, '/parameters'),
      (error) => {
        assert.ok(error instanceof PlatformError)
        assert.equal(error.code, 'unprocessable')
        assert.deepEqual(error.errors?.map(({ pointer }) => pointer).sort(), [
          '/parameters/bins',
          '/parameters/maxDepth',
          '/parameters/num~1leaves',
          '/parameters/rounds',
        ])
        assert.match(error.message, /num~1leaves: unknown parameter; known are rounds, learningRate, leaves/)
        return true
      },
    )
  })
})
