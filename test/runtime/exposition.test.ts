import assert from 'node:assert/strict'
import { it } from 'node:test'
import { exposition } from '../../runtime/exposition.ts'

it('families are written so that no value of a label can break out of its line', () => {
  const text = exposition([
    {
      name: 'told_total',
      help: 'a \\ and\nanother line',
      type: 'counter',
      samples: [
        { labels: { path: 'a"b\\c\nd' }, value: 1.5 },
        { labels: {}, value: Number.POSITIVE_INFINITY },
      ],
    },
  ])

  assert.equal(
    text,
    [
      '# HELP told_total a \\\\ and\\nanother line',
      '# TYPE told_total counter',
      'told_total{path="a\\"b\\\\c\\nd"} 1.5',
      'told_total +Inf',
      '',
    ].join('\n'),
  )
})
