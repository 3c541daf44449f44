import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Cache } from '../../runtime/cache.ts'
import { eventually } from '../platform/eventually.ts'

const text = (bytes: Uint8Array | null) => bytes && Buffer.from(bytes).toString()

/** What every Cache adapter owes its callers. Each adapter's test runs this whole suite; `open` gives an empty cache. */
export function testCache(name: string, open: () => Cache | Promise<Cache>): void {
  describe(`cache: ${name}`, () => {
    it('gives back what was set last, bytes or text', async () => {
      const cache = await open()
      const bytes = Uint8Array.from({ length: 300 }, (_, index) => index % 256)
      await cache.set('bytes', bytes, 60)
      await cache.set('text', 'old', 60)
      await cache.set('text', 'ü 日本 🚀', 60)

      assert.deepEqual(Buffer.from((await cache.get('bytes')) ?? []), Buffer.from(bytes))
      assert.equal(text(await cache.get('text')), 'ü 日本 🚀')
    })

    it('keeps no bytes apart from none', async () => {
      const cache = await open()
      await cache.set('empty', new Uint8Array(), 60)

      assert.equal((await cache.get('empty'))?.length, 0)
      assert.equal(await cache.get('nothing'), null)
    })

    it('takes any text as key', async () => {
      const cache = await open()
      const keys = ['', ' ', 'a b', 'a:b', '*', 'a\0b', 'a\r\nb', 'ü/日本/🚀', 'k'.repeat(5000)]
      for (const key of keys) await cache.set(key, `of ${key}`, 60)

      for (const key of keys) assert.equal(text(await cache.get(key)), `of ${key}`)
    })

    it('forgets what was removed, and removing twice is fine', async () => {
      const cache = await open()
      await cache.set('a', 'x', 60)
      await cache.set('b', 'y', 60)

      await cache.remove('a')
      await cache.remove('a')

      assert.equal(await cache.get('a'), null)
      assert.equal(text(await cache.get('b')), 'y')
    })

    it('forgets at the end of its seconds, which begin anew when it is set again', async () => {
      const cache = await open()
      await cache.set('short', 'x', 0.3)
      await cache.set('again', 'x', 0.3)
      await cache.set('again', 'y', 60)

      await eventually('the value goes', async () => (await cache.get('short')) === null, 30)

      assert.equal(text(await cache.get('again')), 'y')
    })

    it('keeps what was set, whatever becomes of the bytes that went in or came out', async () => {
      const cache = await open()
      const bytes = Buffer.from('as it was')
      await cache.set('a', bytes, 60)
      bytes.fill(0)
      const out = await cache.get('a')
      out?.fill(0)

      assert.equal(text(await cache.get('a')), 'as it was')
    })

    it('loads what is not there once for all who ask at the same time, and keeps it', async () => {
      const cache = await open()
      let loads = 0
      const begun = Promise.withResolvers<string>()
      const load = () => {
        loads++
        return begun.promise
      }

      const asked = Promise.all([1, 2, 3, 4].map(() => cache.through('a', 60, load)))
      await eventually('a load begins', async () => loads > 0)
      begun.resolve('loaded')

      assert.deepEqual((await asked).map(text), ['loaded', 'loaded', 'loaded', 'loaded'])
      assert.equal(text(await cache.through('a', 60, load)), 'loaded')
      assert.equal(text(await cache.get('a')), 'loaded')
      assert.equal(loads, 1)
    })

    it('gives what is kept without a load', async () => {
      const cache = await open()
      await cache.set('a', 'kept', 60)

      const found = await cache.through('a', 60, () => Promise.reject(new Error('not needed')))

      assert.equal(text(found), 'kept')
    })

    it('passes on the error of a load to all who wait, and keeps nothing', async () => {
      const cache = await open()
      const load = () => Promise.reject(new Error('no such thing'))

      const asked = [1, 2].map(() => cache.through('a', 60, load))

      for (const one of asked) await assert.rejects(one, { message: 'no such thing' })
      assert.equal(await cache.get('a'), null)
      assert.equal(text(await cache.through('a', 60, async () => 'now')), 'now')
    })

    it('loads different keys beside each other', async () => {
      const cache = await open()
      const first = Promise.withResolvers<string>()
      const slow = cache.through('slow', 60, () => first.promise)

      assert.equal(text(await cache.through('quick', 60, async () => 'b')), 'b')
      first.resolve('a')
      assert.equal(text(await slow), 'a')
    })

    for (const [what, change] of [
      ['removed', (cache: Cache) => cache.remove('a')],
      ['set', (cache: Cache) => cache.set('a', 'newer', 60)],
    ] as const) {
      it(`does not put what a load gives in place of what was ${what} meanwhile`, async () => {
        const cache = await open()
        const begun = Promise.withResolvers<void>()
        const stale = Promise.withResolvers<string>()
        const load = () => {
          begun.resolve()
          return stale.promise
        }
        const asked = cache.through('a', 60, load)
        await begun.promise

        await change(cache)
        stale.resolve('stale')

        assert.equal(text(await asked), 'stale')
        assert.equal(text(await cache.get('a')), what === 'set' ? 'newer' : null)
      })
    }
  })
}
