import assert from 'node:assert/strict'
import { it } from 'node:test'
import { define } from '../../../runtime/tabular/definition.ts'
import { Encoder, encode, featureNames, fitEncoder } from '../../../runtime/tabular/encoder.ts'

const definition = define([
  { name: 'n', type: 'number' },
  { name: 'b', type: 'boolean' },
  { name: '城市', type: 'text' },
])

it('passes numbers and truth values, and gives each of few categories a column, the commonest first', () => {
  const encoder = fitEncoder(definition, [
    [1, true, '上海'],
    [2, false, '北京'],
    [3, null, '北京'],
  ])

  assert.deepEqual(featureNames(encoder), ['n', 'b', '城市=北京', '城市=上海'])
  assert.deepEqual([...encode(encoder, [-0, true, '上海'])], [-0, 1, 0, 1])
  assert.deepEqual([...encode(encoder, [1e300, false, '广州'])], [1e300, 0, 0, 0])
  assert.deepEqual([...encode(encoder, [null, null, null])], [Number.NaN, Number.NaN, Number.NaN, Number.NaN])
})

it('ranks many categories by how common they are, and takes the rare and the unknown together', () => {
  const values = Array.from({ length: 40 }, (_, i) => Array.from({ length: 40 - i }, () => `v${i}`)).flat()
  const encoder = fitEncoder(
    definition,
    values.map((value) => [0, true, value]),
  )

  assert.deepEqual(featureNames(encoder), ['n', 'b', '城市'])
  const code = (value: string | null) => encode(encoder, [0, true, value])[2]
  assert.deepEqual(
    [code('v0'), code('v1'), code('v38'), code('v39'), code('never seen'), code(null)],
    [0, 1, 38, 39, 39, Number.NaN],
  )
})

it('makes a constant of a column of ids', () => {
  const rows = Array.from({ length: 100 }, (_, i): [number, boolean, string] => [0, true, `id${i}`])
  const encoder = fitEncoder(definition, rows)

  assert.deepEqual(new Set(rows.map((row) => encode(encoder, row)[2])), new Set([0]))
})

it('does not hang on the order of the rows, and survives JSON', () => {
  const rows: [number, boolean, string][] = [
    [1, true, 'a'],
    [1, true, 'c'],
    [1, true, 'b'],
    [1, true, 'b'],
  ]
  const encoder = fitEncoder(definition, rows)

  assert.deepEqual(fitEncoder(definition, rows.toReversed()), encoder)
  assert.deepEqual(Encoder.parse(JSON.parse(JSON.stringify(encoder))), encoder)
  assert.deepEqual(featureNames(encoder), ['n', 'b', '城市=b', '城市=a', '城市=c'])
})
