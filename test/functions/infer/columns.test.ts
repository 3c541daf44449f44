import assert from 'node:assert/strict'
import { it } from 'node:test'
import { predictionColumns } from '../../../functions/infer/batches/columns.ts'

const classification = (...classes: (string | number | boolean)[]) => ({
  task: 'classification' as const,
  target: 't',
  classes,
})

it('a regression has one column, a classification its label and a probability of each class', () => {
  assert.deepEqual(predictionColumns({ task: 'regression', target: 't' }), [{ name: 'value', type: 'number' }])
  assert.deepEqual(predictionColumns(classification('a', '年')), [
    { name: 'label', type: 'text' },
    { name: 'probability.a', type: 'number' },
    { name: 'probability.年', type: 'number' },
  ])
})

it('labels keep their type where they have one, and go as texts where they have several', () => {
  const typeOf = (...classes: (string | number | boolean)[]) => predictionColumns(classification(...classes))[0]?.type

  assert.deepEqual(
    [typeOf(0, 1), typeOf(false, true), typeOf('x', 'y'), typeOf(0, 'x')],
    ['number', 'boolean', 'text', 'text'],
  )
})

it('no two columns are one to SQL, which tells no upper from lower case', () => {
  const names = predictionColumns(classification('A', 'a', "a'", 1, '1')).map(({ name }) => name.toLowerCase())

  assert.equal(new Set(names).size, names.length)
})

it('more classes than a dataset has columns for are refused', () => {
  assert.throws(() => predictionColumns(classification(...Array.from({ length: 401 }, (_, at) => at))), {
    code: 'unprocessable',
  })
})
