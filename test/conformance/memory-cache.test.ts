import assert from 'node:assert/strict'
import { it } from 'node:test'
import { memoryCache } from '../../runtime/adapters/memory-cache.ts'
import { testCache } from './cache.ts'

testCache('memory', () => memoryCache())

it('lets the least recently used go at its bound', async () => {
  const cache = memoryCache({ mostBytes: 10_000 })
  const value = new Uint8Array(2500)
  for (const key of ['a', 'b', 'c']) await cache.set(key, value, 60)

  await cache.get('a')
  await cache.set('d', value, 60)

  assert.deepEqual(await Promise.all(['a', 'b', 'c', 'd'].map(async (key) => (await cache.get(key))?.length)), [
    2500,
    undefined,
    2500,
    2500,
  ])
})

it('keeps nothing that is larger than the whole, and forgets what had its key', async () => {
  const cache = memoryCache({ mostBytes: 10_000 })
  await cache.set('a', 'small', 60)
  await cache.set('b', 'small', 60)

  await cache.set('a', new Uint8Array(20_000), 60)

  assert.equal(await cache.get('a'), null)
  assert.equal(Buffer.from((await cache.get('b')) ?? []).toString(), 'small')
})

it('counts what goes: a key that is set, removed and run out many times makes no room scarce', async () => {
  let now = 0
  const cache = memoryCache({ mostBytes: 10_000, now: () => now })
  await cache.set('stays', 'here', 1e6)

  for (let round = 0; round < 100; round++) {
    await cache.set('a', new Uint8Array(5000), 1)
    await cache.set('a', new Uint8Array(4000), 1)
    if (round % 2) await cache.remove('a')
    now += 1001
    assert.equal(await cache.get('a'), null)
  }

  assert.equal(Buffer.from((await cache.get('stays')) ?? []).toString(), 'here')
})
