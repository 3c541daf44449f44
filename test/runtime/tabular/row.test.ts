import assert from 'node:assert/strict'
import { it } from 'node:test'
import { PlatformError } from '../../../runtime/errors.ts'
import { aimAt, define } from '../../../runtime/tabular/definition.ts'
import { rowFeatures } from '../../../runtime/tabular/row.ts'

const definition = define([
  { name: 'n', type: 'number', nulls: 1 },
  { name: 'b', type: 'boolean' },
  { name: 't', type: 'time' },
  { name: '城/市', type: 'text' },
])

it('names times in parts, flags where values are missing, and leaves the rest under their names', () => {
  assert.deepEqual(
    definition.features.map(({ name }) => name),
    ['n', 'n.missing', 'b', 't.year', 't.month', 't.day', 't.weekday', 't.hour', 't.epoch', '城/市'],
  )
})

it('gives no feature the name of another column', () => {
  const { features } = define([
    { name: 't', type: 'time' },
    { name: 'T.Year', type: 'number' },
  ])

  assert.equal(new Set(features.map(({ name }) => name.toLowerCase())).size, features.length)
})

it('leaves out what it is told to, and makes nothing of a target', () => {
  const some = define(
    [
      { name: 'a', type: 'number' },
      { name: 'b', type: 'number', nulls: 3 },
      { name: 'c', type: 'text' },
    ],
    {
      leaveOut: ['a'],
      target: 'b',
    },
  )

  assert.deepEqual(
    some.features.map(({ name }) => name),
    ['c'],
  )
  assert.deepEqual(rowFeatures(some)([{ b: 'not a number', c: 'x' }]), [['x']])
})

it('takes JSON values, their texts, and three ways of missing', () => {
  const rows = rowFeatures(definition)([
    { n: 1.5, b: true, t: '2024-01-07T08:30:00Z', '城/市': '北京' },
    { n: '1.5', b: 'TRUE', t: '2024/1/7 8:30', '城/市': '北京' },
    { n: null, b: '', '城/市': '' },
    {},
    { n: 'NA', '城/市': 7 },
  ])

  const full = [1.5, false, true, 2024, 1, 7, 7, 8, 1704616200, '北京']
  const none = [null, true, ...Array(8).fill(null)]
  assert.deepEqual(rows, [full, full, none, none, [...none.slice(0, -1), '7']])
})

it('names every value that does not parse', () => {
  const rows = [{ n: 1 }, { n: 'one', b: 1, t: '2024-02-30', '城/市': ['x'] }, { n: true }, { n: '1e999' }]

  assert.throws(
    () => rowFeatures(definition)(rows),
    (error) => {
      assert.ok(error instanceof PlatformError)
      assert.equal(error.code, 'unprocessable')
      assert.deepEqual(
        error.errors?.map(({ pointer }) => pointer),
        ['/rows/1/n', '/rows/1/b', '/rows/1/t', '/rows/1/城~1市', '/rows/2/n', '/rows/3/n'],
      )
      return true
    },
  )
})

it('ignores columns it does not know, unless it knows none of the row', () => {
  const read = rowFeatures(aimAt(definition, 'b'))

  assert.equal(read([{ n: 1, other: 2 }])[0]?.[0], 1)
  assert.equal(read([{ b: 'whatever' }])[0]?.[0], null)
  assert.throws(() => read([{ other: 2 }]), {
    code: 'unprocessable',
    errors: [{ pointer: '/rows/0/other', reason: 'no column of this name is known' }],
  })
})
