import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Policy } from '../../../../triggers/engine/core/policy.ts'
import { backoff, judge } from '../../../../triggers/engine/core/policy.ts'

const POLICY: Policy = {
  order: 'key',
  parallel: 1,
  attempts: 5,
  backoff: { first: 100, most: 1000 },
  afterDeadLetter: 'continue',
}
const answer = (status: number | null) => ({ status, code: '', message: '' })

describe('judge', () => {
  const table = {
    done: [200, 201, 202, 204, 299],
    retry: [404, 408, 409, 425, 429, 500, 502, 503, 504, 599, null],
    refused: [401, 403],
    dead: [301, 302, 307, 400, 402, 405, 406, 410, 413, 415, 422, 451],
  }
  for (const [verdict, statuses] of Object.entries(table)) {
    it(`judges ${statuses.join(', ')} as ${verdict}`, () => {
      for (const status of statuses) assert.equal(judge(answer(status)), verdict, String(status))
    })
  }
})

describe('backoff', () => {
  it('doubles up to the most, the upper half of it by chance', () => {
    const least = [1, 2, 3, 4, 5, 2000].map((attempts) => backoff(POLICY, attempts, answer(500), 0))
    const most = [1, 2, 3, 4, 5, 2000].map((attempts) => backoff(POLICY, attempts, answer(500), 1))

    assert.deepEqual(least, [50, 100, 200, 400, 500, 500])
    assert.deepEqual(most, [100, 200, 400, 800, 1000, 1000])
  })

  it('waits as long as the target asks, but not for days', () => {
    assert.equal(backoff(POLICY, 1, { ...answer(503), retryAfter: 5000 }, 0), 5000)
    assert.equal(backoff(POLICY, 5, { ...answer(503), retryAfter: 5 }, 0), 500)
    assert.equal(backoff(POLICY, 1, { ...answer(503), retryAfter: 86_400_000 }, 0), 3_600_000)
  })
})
