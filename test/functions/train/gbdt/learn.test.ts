import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { rawScores } from '../../../../functions/train/gbdt/ensemble.ts'
import { learn } from '../../../../functions/train/gbdt/learn.ts'
import { parseParameters } from '../../../../functions/train/gbdt/parameters.ts'
import type { SplitTable } from '../../../../functions/train/gbdt/read-table.ts'
import { define } from '../../../../runtime/tabular/definition.ts'
import { encode } from '../../../../runtime/tabular/encoder.ts'
import { seeded } from '../../../seeded.ts'

const definition = define(
  [
    { name: 'y', type: 'text' },
    { name: 'n', type: 'number' },
    { name: 'c', type: 'text' },
  ],
  { target: 'y' },
)

function table(rows: number, label: (n: number, c: string) => string | number): SplitTable {
  const random = seeded(7)
  const part = (size: number) => {
    const made = Array.from({ length: size }, (_, at) => [random(), at % 3 === 0 ? null : at % 2 ? 'p' : 'q'] as const)
    return { rows: made.map((row) => [...row]), labels: made.map(([n, c]) => label(n, c ?? '')) }
  }
  return { training: part(rows), holdout: part(rows), unlabelled: 0 }
}

const teach = (given: SplitTable, task: 'classification' | 'regression', rounds = 5) => {
  const told: number[] = []
  const parameters = parseParameters({ rounds, minDataInLeaf: 2 })
  const learnt = learn(given, { definition, task, target: 'y', parameters, onRound: (round) => told.push(round) })
  return { ...learnt, told }
}

const CASES: readonly [string, 'classification' | 'regression', (n: number, c: string) => string | number, string[]][] =
  [
    ['two classes', 'classification', (n) => (n > 0.5 ? 'yes' : 'no'), ['accuracy', 'auc', 'f1', 'logLoss']],
    [
      'three classes',
      'classification',
      (n, c) => (c === 'p' ? 'a' : n > 0.5 ? 'b' : 'c'),
      ['accuracy', 'auc', 'f1', 'logLoss'],
    ],
    ['numbers', 'regression', (n, c) => n + (c === 'p' ? 1 : 0), ['mae', 'r2', 'rmse']],
  ]

for (const [what, task, label, metrics] of CASES) {
  describe(`learn ${what}`, () => {
    const given = table(200, label)
    const { ensemble, encoder, reference, told, metrics: found } = teach(given, task)

    it('tells each round, and measures on the rows held out', () => {
      assert.deepEqual(told, [1, 2, 3, 4, 5])
      assert.deepEqual(Object.keys(found).sort(), metrics)
    })

    it('leaves reference rows as encoded, whose scores are the ensemble’s own, to the last bit', () => {
      const encoded = given.holdout.rows.map((row) => [...encode(encoder, row)])
      const columns = reference.features.map((_, column) => ({
        values: Float64Array.from(reference.rows, (row) => row[column] ?? Number.NaN),
      }))

      assert.deepEqual(
        reference.rows.map((row) => row.map((value) => value ?? Number.NaN)),
        encoded,
      )
      assert.deepEqual(reference.raw.flat(), [...rawScores(ensemble, columns)])
      assert.equal(reference.raw[0]?.length, ensemble.outputs)
    })
  })
}

describe('learn', () => {
  it('keeps 2000 reference rows at most', () => {
    const { reference } = teach(
      table(2100, (n) => n),
      'regression',
      1,
    )

    assert.deepEqual([reference.rows.length, reference.raw.length], [2000, 2000])
  })

  it('fits the encoder on the training rows alone, and knows a class that only the held out rows have', () => {
    const given = table(60, (n) => (n > 0.5 ? 'yes' : 'no'))
    given.holdout.rows.push([0.5, 'only here'])
    given.holdout.labels.push('third')

    const { encoder, classes, ensemble } = teach(given, 'classification')

    assert.deepEqual(classes, ['no', 'third', 'yes'])
    assert.equal(ensemble.outputs, 3)
    assert.ok(!JSON.stringify(encoder).includes('only here'))
  })
})
