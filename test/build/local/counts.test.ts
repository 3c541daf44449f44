import assert from 'node:assert/strict'
import { it } from 'node:test'
import { createCounts } from '../../../build/local/counts.ts'

it('what is counted stands in the hour in which it came, and is taken once', () => {
  let now = Date.parse('2026-01-01T09:59:59.900Z')
  const counts = createCounts(() => now)

  counts.add('function', 'a', { requests: 1, coreSeconds: 0.5, peakMemoryBytes: 7 })
  counts.add('function', 'a', { requests: 1, coreSeconds: 0.25, peakMemoryBytes: 5 })
  counts.add('model', 'a', { requests: 1, predictions: 1 })
  now += 200
  counts.add('function', 'a', { requests: 1 })

  assert.deepEqual(
    counts
      .take()
      .map(({ at, kind, name, requests, coreSeconds, peakMemoryBytes, predictions }) => [
        at.toISOString(),
        `${kind} ${name}`,
        requests,
        predictions,
        coreSeconds,
        peakMemoryBytes,
      ]),
    [
      ['2026-01-01T09:00:00.000Z', 'function a', 2, 0, 0.75, 7],
      ['2026-01-01T09:00:00.000Z', 'model a', 1, 1, 0, 0],
      ['2026-01-01T10:00:00.000Z', 'function a', 1, 0, 0, 0],
    ],
  )
  assert.deepEqual(counts.take(), [])
})
