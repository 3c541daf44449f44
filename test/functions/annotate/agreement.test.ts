import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { agreementOf } from '../../../functions/annotate/agreement.ts'
import { assertNear } from '../train/near.ts'

/** How often each label was given to each subject by fourteen people: Fleiss 1971 as https://en.wikipedia.org/wiki/Fleiss%27_kappa works it out. */
const FLEISS = [
  [0, 0, 0, 0, 14],
  [0, 2, 6, 4, 2],
  [0, 0, 3, 5, 6],
  [0, 3, 9, 2, 0],
  [2, 2, 8, 1, 1],
  [7, 7, 0, 0, 0],
  [3, 2, 6, 3, 0],
  [2, 5, 3, 2, 2],
  [6, 5, 2, 1, 0],
  [0, 2, 2, 3, 7],
]

function people(...labels: readonly string[]): Record<string, string> {
  return Object.fromEntries(labels.map((label, i) => [`person ${i}`, label]))
}

describe('agreement', () => {
  it('is none where nobody shares a task', () => {
    assert.equal(agreementOf([]), null)
    assert.equal(agreementOf([{ labels: people('yes'), tasks: 3 }]), null)
  })

  it('of two people is Cohen’s kappa', () => {
    // The grant proposals of https://en.wikipedia.org/wiki/Cohen%27s_kappa: po 0.7, pe 0.5.
    const agreement = agreementOf([
      { labels: people('yes', 'yes'), tasks: 20 },
      { labels: people('yes', 'no'), tasks: 5 },
      { labels: people('no', 'yes'), tasks: 10 },
      { labels: people('no', 'no'), tasks: 15 },
    ])

    assert.equal(agreement?.share, 0.7)
    assert.deepEqual([agreement?.kappa.method, agreement?.kappa.tasks], ['cohen', 50])
    assertNear([agreement?.kappa.value ?? Number.NaN], [0.4])
  })

  it('of more people is Fleiss’ kappa', () => {
    const agreement = agreementOf(
      FLEISS.map((row) => ({ labels: people(...row.flatMap((n, label) => Array(n).fill(`${label}`))), tasks: 1 })),
    )

    assert.equal(agreement?.share, 0.1)
    assert.equal(agreement?.kappa.method, 'fleiss')
    assert.equal(agreement?.kappa.value?.toFixed(3), '0.210')
  })

  it('leaves out tasks of one person, and takes tasks that different people shared', () => {
    const shared = [
      { labels: { a: 'x', b: 'x' }, tasks: 1 },
      { labels: { b: 'y', c: 'y' }, tasks: 1 },
    ]

    const agreement = agreementOf([...shared, { labels: { a: 'x' }, tasks: 9 }])

    assert.deepEqual(agreement, { share: 1, kappa: { method: 'fleiss', value: 1, tasks: 2 } })
  })

  it('has no kappa where only one label is ever given, since chance alone would agree', () => {
    const agreement = agreementOf([{ labels: { a: 'x', b: 'x' }, tasks: 4 }])

    assert.deepEqual(agreement, { share: 1, kappa: { method: 'cohen', value: null, tasks: 4 } })
  })
})
