import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import type { Task } from '../../../../functions/train/gbdt/ensemble.ts'
import { link, rawScores } from '../../../../functions/train/gbdt/ensemble.ts'
import { fit } from '../../../../functions/train/gbdt/fit.ts'
import { parseParameters } from '../../../../functions/train/gbdt/parameters.ts'
import { toLightgbmText } from '../../../../functions/train/gbdt/text.ts'
import { accuracy, likeliest, r2 } from '../../../../functions/train/metrics.ts'
import { readLightgbmText } from '../lightgbm-text.ts'
import { assertNear } from '../near.ts'
import { realTable } from '../tables.ts'

const oracle = (file: string) => readFileSync(new URL(`../../../oracle/lightgbm/${file}`, import.meta.url), 'utf8')

describe('beside LightGBM', () => {
  for (const [name, task] of [
    ['breast-cancer', 'binary'],
    ['iris', 'multiclass'],
  ] as const) {
    it(`grows the very trees of LightGBM on ${name}`, () => {
      const { training, holdout, classes } = realTable(name, task)
      const parameters = parseParameters({ rounds: 20 })

      const ensemble = fit(training, { task, classes, parameters })

      const ours = readLightgbmText(toLightgbmText(ensemble, parameters))
      const theirs = readLightgbmText(oracle(`${name}.txt`))
      assert.equal(ours.trees.length, theirs.trees.length)
      for (const [index, { leafValue, ...shape }] of theirs.trees.entries()) {
        const { leafValue: values, ...rest } = ours.trees[index] ?? { leafValue: [] }
        assert.deepEqual(rest, shape, `tree ${index}`)
        assertNear(values, leafValue)
      }
      const expected = JSON.parse(oracle(`${name}.expected.json`)).raw.flat()
      assertNear(rawScores(ensemble, holdout.columns).subarray(0, expected.length), expected)
    })
  }

  it('meets its accuracy on held out rows', () => {
    const share = (name: string, task: Task) => {
      const { training, holdout, classes } = realTable(name, task)
      const ensemble = fit(training, { task, classes, parameters: parseParameters({}) })
      const raw = rawScores(ensemble, holdout.columns)
      const predicted =
        task === 'binary' ? link(ensemble, raw).map(Math.round) : likeliest(link(ensemble, raw), classes)
      return accuracy(holdout.target, predicted)
    }
    const theirs = JSON.parse(oracle('accuracy.json'))

    assert.ok(share('breast-cancer', 'binary') >= theirs['breast-cancer'].accuracy - 0.02)
    assert.ok(share('digits', 'multiclass') >= theirs.digits.accuracy - 0.02)
    assert.ok(share('iris', 'multiclass') >= 27 / 30)
  })

  it('meets its R² on held out rows', () => {
    const { training, holdout } = realTable('iris', 'regression', 'petal_width_cm', ['target'])

    const ensemble = fit(training, { task: 'regression', parameters: parseParameters({}) })

    const reached = r2(holdout.target, rawScores(ensemble, holdout.columns)) ?? 0
    assert.ok(Math.abs(reached - JSON.parse(oracle('accuracy.json'))['iris regression of petal_width_cm'].r2) < 0.03)
  })
})
