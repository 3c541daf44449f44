import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Holding } from '../../../runtime/usage.ts'
import { createStoredBytes } from '../../../triggers/engine/stored-bytes.ts'

/** So many objects of 2 bytes; every third is held by `a`, every second by `b`. */
function setup(count: number) {
  const all = Array.from({ length: count }, (_, at) => ({ name: `blobs/${String(at).padStart(6, '0')}`, bytes: 2 }))
  const readings: { readonly at: Date; readonly holdings: readonly Holding[] }[] = []
  const state = { now: Date.parse('2026-01-01T10:20:00Z'), fails: false, lists: 0 }
  const ended = new AbortController()
  const stored = createStoredBytes({
    team: 'acme',
    signal: ended.signal,
    now: () => state.now,
    objects: {
      async list(_prefix, { after = '', limit = 100 } = {}) {
        state.lists++
        return all.filter(({ name }) => name > after).slice(0, limit)
      },
    },
    usage: {
      async holders(objects) {
        if (state.fails) throw new Error('away')
        const sum = (every: number): number =>
          objects.filter(({ name }) => Number(name.slice(6)) % every === 0).reduce((bytes, one) => bytes + one.bytes, 0)
        return [
          { kind: 'function', name: 'a', bytes: sum(3) },
          { kind: 'function', name: 'b', bytes: sum(2) },
        ]
      },
      async stored(at, holdings) {
        readings.push({ at, holdings })
      },
    },
  })
  return { stored, readings, state, ended }
}

describe('a reading of what is stored', () => {
  it('is the sum over all pages: what two hold counts for both, and once for the team', async () => {
    const { stored, readings, state } = setup(2400)

    await stored.refresh()

    assert.deepEqual(readings, [
      {
        at: new Date(state.now),
        holdings: [
          { kind: 'team', name: 'acme', bytes: 4800 },
          { kind: 'function', name: 'a', bytes: 1600 },
          { kind: 'function', name: 'b', bytes: 2400 },
        ],
      },
    ])
  })

  it('of an empty store is nothing, for the team', async () => {
    const { stored, readings } = setup(0)

    await stored.refresh()

    assert.deepEqual(readings[0]?.holdings[0], { kind: 'team', name: 'acme', bytes: 0 })
  })

  it('is made once for those who ask within a minute, and again after it', async () => {
    const { stored, readings, state } = setup(1)

    await Promise.all([stored.refresh(), stored.refresh()])
    state.now += 59_999
    await stored.refresh()
    assert.equal(readings.length, 1)
    state.now += 1
    await stored.refresh()

    assert.equal(readings.length, 2)
  })

  it('that fails is made again by the next who asks', async () => {
    const { stored, readings, state } = setup(1)
    state.fails = true
    await assert.rejects(stored.refresh(), /away/)
    assert.equal(readings.length, 0)

    state.fails = false
    await stored.refresh()

    assert.equal(readings.length, 1)
  })

  it('stops when the platform ends, and so do those of each hour', async () => {
    const { stored, readings, state, ended } = setup(5000)
    const hourly = stored.everyHour()
    ended.abort()

    await assert.rejects(stored.refresh(), { name: 'AbortError' })
    await hourly

    assert.deepEqual([readings.length, state.lists], [0, 0])
  })
})
