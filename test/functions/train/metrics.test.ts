import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { auc, classificationMetrics, f1, logLoss, r2, regressionMetrics } from '../../../functions/train/metrics.ts'
import { assertNear } from './near.ts'

describe('classificationMetrics', () => {
  it('judges two classes by the probability of the last', () => {
    const metrics = classificationMetrics([0, 0, 1, 1, 1], Float64Array.of(0.1, 0.6, 0.6, 0.8, 0.3), 2)

    // Positive named: rows 1, 2, 3; met: 2, 3. Of 6 pairs 0.1 loses all 3, 0.6 wins 1, draws 1, loses 1.
    assert.equal(metrics.accuracy, 0.6)
    assert.equal(metrics.f1, 4 / 6)
    assertNear([metrics.auc ?? Number.NaN], [4.5 / 6])
    assertNear(
      [metrics.logLoss],
      [-(Math.log(0.9) + Math.log(0.4) + Math.log(0.6) + Math.log(0.8) + Math.log(0.3)) / 5],
    )
  })

  it('takes the mean over more classes', () => {
    const probabilities = Float64Array.of(0.7, 0.2, 0.1, 0.5, 0.3, 0.2, 0.2, 0.5, 0.3, 0.1, 0.2, 0.7)

    const metrics = classificationMetrics([0, 1, 1, 2], probabilities, 3)

    // Named 0, 0, 1, 2. One against the rest: class 0 wins 3 of 3; class 1 wins 4 of 4; class 2 wins 3 of 3.
    assert.equal(metrics.accuracy, 0.75)
    assertNear([metrics.f1], [(2 / 3 + 2 / 3 + 1) / 3])
    assert.equal(metrics.auc, 1)
    assertNear([metrics.logLoss], [-(Math.log(0.7) + Math.log(0.3) + Math.log(0.5) + Math.log(0.7)) / 4])
  })

  it('leaves out the AUC of a single class', () => {
    const metrics = classificationMetrics([1, 1], Float64Array.of(0.9, 0.2), 2)

    assert.deepEqual(Object.keys(metrics), ['accuracy', 'logLoss', 'f1'])
  })
})

describe('f1', () => {
  it('is 0 where no positive is named or met', () => {
    assert.equal(f1([0, 0], [0, 0], 2), 0)
    assert.equal(f1([1, 0], [0, 1], 2), 0)
  })

  it('does not count classes that occur nowhere', () => {
    assert.equal(f1([0, 3], [0, 3], 5), 1)
  })
})

describe('auc', () => {
  it('gives equal scores half a pair', () => {
    assert.equal(auc([0, 1, 0, 1], Float64Array.of(0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5), 2), 0.5)
  })

  it('is the mean over the classes that occur', () => {
    const probabilities = Float64Array.of(0.6, 0.4, 0, 0.7, 0.3, 0, 0.9, 0.1, 0)

    // Class 0: its rows score 0.6 and 0.9 against 0.7: half. Class 1: 0.3 against 0.4 and 0.1: half.
    assert.equal(auc([0, 1, 0], probabilities, 3), 0.5)
  })
})

describe('logLoss', () => {
  it('stays finite when a class was ruled out', () => {
    assertNear([logLoss([0], Float64Array.of(0, 1), 2)], [52 * Math.LN2])
  })
})

describe('regressionMetrics', () => {
  it('measures errors and explained variance', () => {
    // Errors 1, 0, −2; variance of 1, 2, 6 around 3 is (4 + 1 + 9) / 3.
    const metrics = regressionMetrics([1, 2, 6], [2, 2, 4])

    assertNear([metrics.rmse], [Math.sqrt(5 / 3)])
    assert.equal(metrics.mae, 1)
    assertNear([metrics.r2 ?? Number.NaN], [1 - 5 / 14])
  })

  it('leaves out R² where the truth does not vary', () => {
    assert.equal(r2([2, 2], [1, 3]), null)
    assert.deepEqual(regressionMetrics([2, 2], [1, 3]), { rmse: 1, mae: 1 })
  })
})
