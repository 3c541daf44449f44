import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { describe, it } from 'node:test'
import { openCountsDoor } from '../../../build/local/counts-door.ts'
import { handOver } from '../../../runtime/hand-over.ts'
import { createMetrics } from '../../../runtime/metrics.ts'
import { createFunctionCounts } from '../../../triggers/engine/function-counts.ts'

async function setup(t: TestContext) {
  const counts = createFunctionCounts()
  const door = await openCountsDoor(counts.take)
  t.after(() => door.close())
  const total = () => (counts.series().get('toy') ?? []).reduce((sum, { count }) => sum + count, 0)
  return { counts, door, total }
}

describe('the door for counters', { timeout: 20_000 }, () => {
  it('takes all that a process has counted when it ends', async (t) => {
    const { counts, door, total } = await setup(t)
    const metrics = createMetrics('toy')
    const counters = handOver({ name: 'toy', url: door.url, metrics, failed: assert.ifError })

    for (let left = 50; left > 0; left--) metrics.observe('GET', left % 2 ? 200 : 404, 0.02)
    await counters.close(5000)
    counts.ended(process.pid)

    assert.equal(total(), 50)
    assert.deepEqual([...counts.lost()], [])
    const found = counts
      .series()
      .get('toy')
      ?.find(({ status }) => status === 404)
    assert.deepEqual([found?.count, found?.buckets.slice(0, 4)], [25, [0, 0, 25, 25]])
  })

  it('is closed to who does not know it, and to what is no handover', async (t) => {
    const { door, total } = await setup(t)
    const send = (url: string, body: string) => fetch(url, { method: 'POST', body }).then(({ status }) => status)

    assert.equal(await send(new URL('/other', door.url).href, '{}'), 404)
    assert.equal(await send(door.url, '{}'), 400)
    assert.equal(await send(door.url, 'no JSON'), 400)
    assert.equal(await fetch(door.url).then(({ status }) => status), 404)
    assert.equal(total(), 0)
  })

  it('may be away, which is said once', async (t) => {
    const { door } = await setup(t)
    await door.close()
    const faults: unknown[] = []
    const metrics = createMetrics('toy')
    const counters = handOver({ name: 'toy', url: door.url, metrics, failed: (error) => void faults.push(error) })

    metrics.observe('GET', 200, 0.02)
    await counters.close(5000)

    assert.equal(faults.length, 1)
  })
})
