import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Handover } from '../../../runtime/hand-over.ts'
import { BUCKETS } from '../../../runtime/request-series.ts'
import type { FunctionCounts } from '../../../triggers/engine/function-counts.ts'
import { createFunctionCounts } from '../../../triggers/engine/function-counts.ts'

function handed(pid: number, number: number, count: number, last = false): Handover {
  const series = [{ method: 'GET', status: 200, count, sum: count / 10, buckets: BUCKETS.map(() => count) }]
  return { function: 'toy', instance: `of ${pid}`, pid, number, last, series }
}

function total(counts: FunctionCounts): number {
  return (counts.series().get('toy') ?? []).reduce((sum, { count }) => sum + count, 0)
}

describe('counters of functions', () => {
  it('are summed over processes, those that are gone too, each by what it said last', () => {
    const counts = createFunctionCounts()

    for (const one of [handed(1, 1, 0), handed(1, 2, 5), handed(2, 1, 1), handed(1, 3, 7, true)]) counts.take(one)
    counts.ended(1)

    assert.equal(total(counts), 8)
    assert.deepEqual([...counts.lost()], [])
  })

  it('stay exact however many processes come and go, and whatever comes late or twice', () => {
    const counts = createFunctionCounts()

    for (let pid = 1; pid <= 500; pid++) {
      counts.take(handed(pid, 1, 0))
      counts.ended(pid)
      counts.take(handed(pid, 2, 3, true))
      counts.take(handed(pid, 2, 3, true))
    }
    // Summed up long ago.
    assert.equal(counts.take(handed(1, 2, 3, true)), false)
    // Older than what is known.
    assert.equal(counts.take(handed(500, 1, 0)), false)

    assert.equal(total(counts), 1500)
    assert.deepEqual([...counts.lost()], [])
  })

  it('of a process that was killed are as it said last, and it counts as lost', () => {
    const counts = createFunctionCounts()

    for (let pid = 1; pid <= 100; pid++) {
      counts.take(handed(pid, 1, 2))
      counts.ended(pid)
    }

    assert.equal(total(counts), 200)
    assert.deepEqual([...counts.lost()], [['toy', 100]])
  })

  it('of another process under the same pid are its own', () => {
    const counts = createFunctionCounts()
    counts.take(handed(1, 1, 2, true))
    counts.ended(1)

    counts.take({ ...handed(1, 1, 5), instance: 'another' })

    assert.equal(total(counts), 7)
  })
})
