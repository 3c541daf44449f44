import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Task, Tree } from '../../../../functions/train/gbdt/ensemble.ts'
import { link, rawScores } from '../../../../functions/train/gbdt/ensemble.ts'
import type { TrainingTable } from '../../../../functions/train/gbdt/fit.ts'
import { fit } from '../../../../functions/train/gbdt/fit.ts'
import { parseParameters } from '../../../../functions/train/gbdt/parameters.ts'
import { assertNear } from '../near.ts'
import { randomTable } from '../tables.ts'

const { NaN: none } = Number

function table(columns: Record<string, readonly number[]>, target: readonly number[]): TrainingTable {
  return {
    columns: Object.entries(columns).map(([name, values]) => ({ name, values: Float64Array.from(values) })),
    target: Float64Array.from(target),
  }
}

function setup(given: TrainingTable, task: Task, parameters: object, classes = 2) {
  const ensemble = fit(given, { task, classes, parameters: parseParameters(parameters) })
  const predict = (columns: readonly (readonly number[])[]) => [
    ...rawScores(
      ensemble,
      columns.map((values) => ({ values: Float64Array.from(values) })),
    ),
  ]
  return { ensemble, predict }
}

describe('fit', () => {
  it('moves each leaf to its mean, less with a penalty and a learning rate', () => {
    const steps = table({ x: [0, 0, 1, 1] }, [0, 0, 10, 10])
    const one = { rounds: 1, minDataInLeaf: 1 }

    assertNear(setup(steps, 'regression', { ...one, learningRate: 1 }).predict([[0, 1]]), [0, 10])
    assertNear(setup(steps, 'regression', { ...one, learningRate: 0.5 }).predict([[0, 1]]), [2.5, 7.5])
    assertNear(setup(steps, 'regression', { ...one, learningRate: 1, lambda: 2 }).predict([[0, 1]]), [2.5, 7.5])
  })

  it('splits half way between neighbouring values', () => {
    const { ensemble } = setup(table({ x: [1, 1, 1, 4, 4, 4] }, [0, 0, 0, 1, 1, 1]), 'regression', {
      rounds: 1,
      minDataInLeaf: 1,
    })

    assert.deepEqual([...(ensemble.trees[0]?.threshold ?? [])], [2.5000000000000004])
  })

  it('learns for each split where missing values go', () => {
    const x = [1, 1, 1, 2, 2, 2, none, none, none]
    const settings = { rounds: 1, learningRate: 1, minDataInLeaf: 3, leaves: 2 }

    const low = setup(table({ x }, [0, 0, 0, 9, 9, 9, 0, 0, 0]), 'regression', settings)
    const high = setup(table({ x }, [0, 0, 0, 9, 9, 9, 9, 9, 9]), 'regression', settings)
    const alone = setup(table({ x }, [0, 0, 0, 0, 0, 0, 9, 9, 9]), 'regression', settings)

    assert.deepEqual(low.predict([[1, 2, none]]).map(Math.round), [0, 9, 0])
    assert.deepEqual(high.predict([[1, 2, none]]).map(Math.round), [0, 9, 9])
    assert.deepEqual(alone.predict([[1, 2, none]]).map(Math.round), [0, 0, 9])
  })

  it('takes a missing value for 0 in a column that had none in training', () => {
    const { predict } = setup(table({ x: [-1, -1, -1, 1, 1, 1] }, [0, 0, 0, 1, 1, 1]), 'regression', {
      minDataInLeaf: 1,
    })

    const [atMissing, atZero] = predict([[none, 0]])

    assert.equal(atMissing, atZero)
  })

  it('sends infinite values to the side of the numbers next to them', () => {
    const x = [-1, -1, -1, 1, 1, 1].map((value) => value * Number.POSITIVE_INFINITY)

    const { predict } = setup(table({ x }, [0, 0, 0, 6, 6, 6]), 'regression', {
      rounds: 1,
      learningRate: 1,
      minDataInLeaf: 1,
    })

    assertNear(predict([[Number.NEGATIVE_INFINITY, -5, 5, Number.POSITIVE_INFINITY]]), [0, 0, 6, 6])
  })

  it('keeps to the bounds on leaves, rows of a leaf and depth', () => {
    const given = randomTable(3, 600, 'regression')

    const { ensemble } = setup(given, 'regression', { rounds: 5, leaves: 9, minDataInLeaf: 30, maxDepth: 3 })

    assert.equal(ensemble.trees.length, 5)
    for (const tree of ensemble.trees) {
      assert.ok(tree.leafValue.length <= 8 && tree.leafValue.length > 3)
      assert.ok(tree.leafCount.every((count) => count >= 30))
      assert.equal(
        tree.leafCount.reduce((sum, count) => sum + count),
        600,
      )
      assert.equal(depthOf(tree), 3)
    }
  })

  it('makes no leaf without rows and stays finite where classes are told apart for certain', () => {
    for (const task of ['binary', 'multiclass'] as const) {
      const given = randomTable(4, 300, task)

      const { ensemble } = setup(
        given,
        task,
        { rounds: 150, learningRate: 1, minDataInLeaf: 1, minSumHessian: 1e-9 },
        3,
      )

      assert.ok(ensemble.trees.every(({ leafCount }) => leafCount.every((count) => count > 0)))
      assert.ok(rawScores(ensemble, given.columns).every((score) => Math.abs(score) < 1e3))
    }
  })

  it('tells of each round, whose training loss falls', () => {
    for (const task of ['regression', 'binary', 'multiclass'] as const) {
      const told: number[][] = []

      fit(randomTable(5, 400, task), {
        task,
        classes: 3,
        parameters: parseParameters({ rounds: 12 }),
        onRound: (...round) => told.push(round),
      })

      const losses = told.map(([, , loss]) => loss ?? none)
      assert.deepEqual(
        told.map(([round, rounds]) => [round, rounds]),
        Array.from({ length: 12 }, (_, index) => [index + 1, 12]),
      )
      assert.ok(losses.every((loss, index) => index === 0 || loss < (losses[index - 1] ?? 0)))
    }
  })

  it('answers with the average where nothing can be split', () => {
    const two = setup(table({ x: [1, 2] }, [3, 5]), 'regression', {})
    const constant = setup(
      table({ x: Array(50).fill(7), y: Array(50).fill(none) }, [...Array(50).keys()]),
      'regression',
      {},
    )

    assert.deepEqual(two.predict([[1, 2, none]]), [4, 4, 4])
    assert.deepEqual(constant.predict([[7], [none]]), [24.5])
    assert.deepEqual(
      constant.ensemble.features.map(({ range }) => range),
      [null, null],
    )
  })

  it('is sure of the class where there is only one, and rules out those that never occur', () => {
    const x = Array.from({ length: 60 }, (_, index) => index)
    const single = setup(table({ x }, Array(60).fill(1)), 'binary', {})
    const absent = setup(
      table(
        { x },
        x.map((value) => (value < 30 ? 0 : 2)),
      ),
      'multiclass',
      { rounds: 30 },
      3,
    )

    const [certain] = link(single.ensemble, Float64Array.from(single.predict([[5]])))
    const [first = 0, second = 1, third = 1] = link(absent.ensemble, Float64Array.from(absent.predict([[5]])))

    assert.ok((certain ?? 0) > 1 - 1e-12)
    assert.ok(first > 0.9 && second < 1e-12 && third < 0.1)
    assert.ok(Math.abs(first + second + third - 1) < 1e-12)
  })

  it('refuses what it cannot learn from', () => {
    const parameters = parseParameters({})
    const refused = (given: TrainingTable, task: Task, message: RegExp, classes = 2) =>
      assert.throws(() => fit(given, { task, classes, parameters }), { code: 'unprocessable', message })

    refused(table({ x: [] }, []), 'regression', /no row/)
    refused(table({}, [1, 2]), 'regression', /no column/)
    refused(table({ x: [1, 2, 3] }, [1, 2]), 'regression', /column x has 3 rows, the target 2/)
    refused(table({ x: [1, 2] }, [1, none]), 'regression', /row 1 is NaN, not a number/)
    refused(table({ x: [1, 2] }, [0, 2]), 'binary', /row 1 is 2, not a class from 0 to 1/)
    refused(table({ x: [1, 2] }, [0, 0]), 'multiclass', /two classes or more, not 1/, 1)
  })
})

function depthOf({ left, right, feature }: Tree): number {
  const below = (node: number): number =>
    node < 0 || feature.length === 0 ? 0 : 1 + Math.max(below(left[node] ?? -1), below(right[node] ?? -1))
  return below(0)
}
