import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { buffer } from 'node:stream/consumers'
import { describe, it } from 'node:test'
import type { Objects, OpenObject } from '../../runtime/ports.ts'

const bytes = (text: string) => new TextEncoder().encode(text)
const sha256 = (data: Uint8Array) => createHash('sha256').update(data).digest('hex')
const MEGABYTE = 1 << 20

async function* stream(...chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks
}

async function text(objects: Objects, name: string, range?: { start: number; end: number }): Promise<string | null> {
  const found = await objects.read(name, range)
  return found && (await buffer(found.body)).toString()
}

async function all(found: OpenObject | null): Promise<Uint8Array> {
  assert.ok(found)
  return buffer(found.body)
}

const names = async (objects: Objects, ...asked: Parameters<Objects['list']>) =>
  (await objects.list(...asked)).map(({ name }) => name)

/** What every Objects adapter owes its callers. Each adapter's test runs this whole suite; `open` gives an empty store. */
export function testObjects(name: string, open: () => Objects | Promise<Objects>): void {
  describe(`objects: ${name}`, () => {
    it('names what was put after its digest', async () => {
      const objects = await open()
      const data = bytes('some bytes')

      const ref = await objects.put(data)

      assert.deepEqual(ref, { name: `blobs/${sha256(data)}`, sha256: sha256(data), bytes: 10 })
      assert.equal(await text(objects, ref.name), 'some bytes')
    })

    it('takes the same bytes again, also at the same time, as one object', async () => {
      const objects = await open()

      const refs = await Promise.all([1, 2, 3, 4].map(() => objects.put(stream(bytes('sa'), bytes('me')))))
      refs.push(await objects.put(bytes('same')))

      assert.deepEqual(new Set(refs.map((ref) => ref.name)).size, 1)
      assert.deepEqual(await objects.list(''), [{ name: refs[0]?.name, bytes: 4 }])
      assert.equal(await text(objects, refs[0]?.name ?? ''), 'same')
    })

    it('gives back the bytes that were written last, with their digest', async () => {
      const objects = await open()
      await objects.write('deep/er/a.txt', bytes('old and longer'))

      const ref = await objects.write('deep/er/a.txt', stream(bytes('n'), bytes(''), bytes('ew')))

      assert.deepEqual(ref, { name: 'deep/er/a.txt', sha256: sha256(bytes('new')), bytes: 3 })
      assert.equal(await text(objects, 'deep/er/a.txt'), 'new')
    })

    it('keeps an object of no bytes', async () => {
      const objects = await open()
      await objects.write('empty', stream())

      assert.equal((await objects.read('empty'))?.bytes, 0)
      assert.equal(await text(objects, 'empty'), '')
      assert.equal(await text(objects, (await objects.put(bytes(''))).name), '')
    })

    it('streams what is larger than a chunk, both ways, whole and in part', async () => {
      const objects = await open()
      const data = new Uint8Array(3 * MEGABYTE).map((_, index) => (index * 31) % 251)

      const ref = await objects.put(stream(data.subarray(0, 5), data.subarray(5, 2_000_000), data.subarray(2_000_000)))
      const whole = await objects.read(ref.name)
      const part = await objects.read(ref.name, { start: 1_000_001, end: 2_000_003 })

      assert.deepEqual([ref.bytes, whole?.bytes, part?.bytes], [data.length, data.length, 1_000_002])
      assert.equal(sha256(await all(whole)), sha256(data))
      assert.equal(sha256(await all(part)), sha256(data.subarray(1_000_001, 2_000_003)))
    })

    it('takes a web stream and gives a body that a Response can send', async () => {
      const objects = await open()
      await objects.write('web', ReadableStream.from([bytes('a web '), bytes('stream')]))

      const found = await objects.read('web')

      assert.equal(await new Response(ReadableStream.from(found?.body ?? [])).text(), 'a web stream')
    })

    it('reads a range, its end exclusive, as far as there are bytes', async () => {
      const objects = await open()
      await objects.write('digits', bytes('0123456789'))

      assert.equal(await text(objects, 'digits', { start: 0, end: 1 }), '0')
      assert.equal(await text(objects, 'digits', { start: 3, end: 6 }), '345')
      assert.equal(await text(objects, 'digits', { start: 8, end: 99 }), '89')
      assert.equal(await text(objects, 'digits', { start: 4, end: 4 }), '')
      assert.equal(await text(objects, 'digits', { start: 10, end: 12 }), '')
      assert.equal((await objects.read('digits', { start: 8, end: 99 }))?.bytes, 2)
      assert.equal(await objects.read('nothing', { start: 0, end: 1 }), null)
    })

    for (const [start, end] of [
      [-1, 2],
      [3, 2],
      [0.5, 2],
      [0, Number.NaN],
    ] as const) {
      it(`refuses the range from ${start} to ${end}`, async () => {
        await assert.rejects((await open()).read('a', { start, end }), { code: 'invalid_input' })
      })
    }

    it('answers null for a name that is not there', async () => {
      const objects = await open()

      assert.equal(await objects.read('nothing'), null)
      assert.equal(await objects.read('no/thing/at/all'), null)
      assert.equal(await objects.read('blobs/nothing'), null)
      assert.equal(await objects.read(`blobs/${sha256(bytes('never put'))}`), null)
    })

    it('keeps an object beside those whose names it begins', async () => {
      const objects = await open()
      for (const name of ['a/b/c', 'a', 'a/b', 'blobs', 'a/b/f/d']) await objects.write(name, bytes(name))

      for (const name of ['a', 'a/b', 'a/b/c', 'blobs', 'a/b/f/d']) assert.equal(await text(objects, name), name)
      assert.equal(await objects.read('a/b/f'), null)

      await objects.remove('a/b')
      await objects.remove('a/b/f')

      assert.deepEqual(await names(objects, ''), ['a', 'a/b/c', 'a/b/f/d', 'blobs'])
    })

    const long = 'é'.repeat(127)
    for (const good of [
      'a.b-c_d e+f=~%41&',
      '...',
      'ü/日本/🚀',
      'CON/nul',
      `${long}a`,
      `${'ab/'.repeat(341)}c`,
      '-rf',
      'a:b*?"<>|',
    ]) {
      it(`keeps the name ${JSON.stringify(good.slice(0, 30))} (${Buffer.byteLength(good)} bytes) as it is`, async () => {
        const objects = await open()
        await objects.write(good, bytes('here'))

        assert.equal(await text(objects, good), 'here')
        assert.deepEqual(await objects.list(''), [{ name: good, bytes: 4 }])

        await objects.remove(good)

        assert.deepEqual(await objects.list(''), [])
      })
    }

    for (const bad of [
      '',
      '/',
      '/a',
      'a/',
      'a//b',
      '.',
      '..',
      '../a',
      'a/../../b',
      'a/.',
      'a\\b',
      'a\0b',
      'a\nb',
      '\ud800',
      `${long}ab`,
      `${'ab/'.repeat(341)}cd`,
    ]) {
      it(`refuses the name ${JSON.stringify(bad.slice(0, 30))} (${Buffer.byteLength(bad)} bytes)`, async () => {
        const objects = await open()
        await assert.rejects(objects.write(bad, bytes('')), { code: 'invalid_input' })
        await assert.rejects(objects.read(bad), { code: 'invalid_input' })
        await assert.rejects(objects.remove(bad), { code: 'invalid_input' })
      })
    }

    it('lets nobody write by name where the name is the digest', async () => {
      const objects = await open()
      const { name } = await objects.put(bytes('true'))

      await assert.rejects(objects.write(name, bytes('false')), { code: 'invalid_input' })
      await assert.rejects(objects.write('blobs/mine', bytes('')), { code: 'invalid_input' })
      assert.equal(await text(objects, name), 'true')
    })

    it('leaves nothing of a body that fails, and passes on its error', async () => {
      const objects = await open()
      await objects.write('a', bytes('before'))
      const torn = async function* () {
        yield new Uint8Array(MEGABYTE)
        throw new Error('the sender is gone')
      }

      await assert.rejects(objects.put(torn()), { message: 'the sender is gone' })
      await assert.rejects(objects.write('a', torn()), { message: 'the sender is gone' })
      await assert.rejects(objects.write('b', torn()), { message: 'the sender is gone' })

      assert.equal(await text(objects, 'a'), 'before')
      assert.deepEqual(await names(objects, ''), ['a'])
    })

    it('shows one whole object, old or new, while it is written', async () => {
      const objects = await open()
      const write = (byte: number) => objects.write('a', new Uint8Array(MEGABYTE).fill(byte))
      await write(0)

      const writes = Promise.all([1, 2, 3, 4].map(write))
      for (let reads = 0; reads < 40; reads++) {
        const seen = await all(await objects.read('a'))
        assert.equal(seen.length, MEGABYTE)
        assert.ok(seen.every((byte) => byte === seen[0]))
      }
      await writes
    })

    it('reads on in the bytes that it began with, whatever becomes of the name', async () => {
      const objects = await open()
      await objects.write('a', new Uint8Array(MEGABYTE).fill(1))

      const replaced = await objects.read('a')
      await objects.write('a', bytes('short'))

      const seen = await all(replaced)
      assert.deepEqual([seen.length, seen.at(-1)], [MEGABYTE, 1])
    })

    it('lists in the order of the UTF-8 bytes of whole names', async () => {
      const objects = await open()
      const sorted = ['A', 'a', 'a!', 'a-b', 'a/b', 'a/b-c', 'a/b/c', 'a0', 'b/x/y', 'b0', 'é', '\uffee', '🚀']
      for (const name of sorted.toReversed()) await objects.write(name, bytes(name))

      assert.deepEqual(await names(objects, ''), sorted)
      const pages = []
      for (let after = ''; ; after = pages.at(-1) ?? '') {
        const page = await names(objects, '', { after, limit: 3 })
        if (page.length === 0) break
        pages.push(...page)
      }
      assert.deepEqual(pages, sorted)
      for (const after of [...sorted, 'a.', 'a/b0', 'b/', 'b/x', 'zz']) {
        const expected = sorted.filter((name) => Buffer.compare(Buffer.from(name), Buffer.from(after)) > 0)
        assert.deepEqual(await names(objects, '', { after }), expected, after)
      }
    })

    it('lists the names that begin so, be that a step or a part of one', async () => {
      const objects = await open()
      for (const name of ['jobs/1/0/out', 'jobs/1/1/log', 'jobs/1/1/out', 'jobs/10/0/out', 'job'])
        await objects.write(name, bytes(name))

      assert.deepEqual(await names(objects, 'jobs/1/'), ['jobs/1/0/out', 'jobs/1/1/log', 'jobs/1/1/out'])
      assert.deepEqual(await names(objects, 'jobs/1/1/o'), ['jobs/1/1/out'])
      assert.deepEqual(await names(objects, 'jobs/1', { after: 'jobs/1/1' }), [
        'jobs/1/1/log',
        'jobs/1/1/out',
        'jobs/10/0/out',
      ])
      assert.deepEqual(await names(objects, 'job', { limit: 2 }), ['job', 'jobs/1/0/out'])
      assert.deepEqual(await names(objects, 'jobs/1/1/out'), ['jobs/1/1/out'])
      for (const none of ['x', 'jobs/2', 'jobs/1/1/out/', '/', '../', 'jobs//'])
        assert.deepEqual(await names(objects, none), [], none)
      assert.deepEqual(await names(objects, '', { limit: 0 }), [])
    })

    it('lists blobs among the rest, page by page', async () => {
      const objects = await open()
      const put = await Promise.all(Array.from({ length: 20 }, (_, index) => objects.put(bytes(`blob ${index}`))))
      for (const name of ['blob', 'blobs-more', 'blobt', 'a']) await objects.write(name, bytes(name))
      const sorted = put.map(({ name }) => name).sort()

      assert.deepEqual(await names(objects, 'blob'), ['blob', 'blobs-more', ...sorted, 'blobt'])
      assert.deepEqual(await names(objects, 'blobs/', { after: sorted[6] ?? '', limit: 5 }), sorted.slice(7, 12))
      const start = sorted[3]?.slice(0, 9) ?? ''
      assert.deepEqual(
        await names(objects, start),
        sorted.filter((name) => name.startsWith(start)),
      )
    })

    it('forgets what was removed, and removing twice is fine', async () => {
      const objects = await open()
      const { name } = await objects.put(bytes('a'))
      await objects.write('deep/a', bytes('a'))

      for (const gone of [name, 'deep/a', name, 'deep/a', 'never/there']) await objects.remove(gone)

      assert.equal(await objects.read(name), null)
      assert.deepEqual(await objects.list(''), [])
    })

    it('sweeps a blob, unless it was put since or somebody keeps it', async () => {
      const objects = await open()
      const { name, sha256 } = await objects.put(bytes('a'))
      const [earlier, later] = [new Date(Date.now() - 60_000), new Date(Date.now() + 60_000)]
      const kept = (is: boolean) => () => Promise.resolve(is)

      assert.equal(await objects.sweep(sha256, { before: earlier, isKept: kept(false) }), false)
      assert.equal(await objects.sweep(sha256, { before: later, isKept: kept(true) }), false)
      const failing = objects.sweep(sha256, { before: later, isKept: () => Promise.reject(new Error('who knows')) })
      await assert.rejects(failing, { message: 'who knows' })
      assert.equal(await text(objects, name), 'a')
      assert.deepEqual(await names(objects, ''), [name])

      assert.equal(await objects.sweep(sha256, { before: later, isKept: kept(false) }), true)
      assert.equal(await objects.read(name), null)
      assert.deepEqual(await names(objects, ''), [])
      assert.equal(await objects.sweep(sha256, { before: later, isKept: kept(false) }), false)
      await assert.rejects(objects.sweep('../a', { before: later, isKept: kept(false) }), { code: 'invalid_input' })
    })

    it('shows a blob while it is decided whether it goes, and keeps what is put meanwhile', async () => {
      const objects = await open()
      const { name, sha256 } = await objects.put(bytes('a'))
      const seen: unknown[] = []

      await objects.sweep(sha256, {
        before: new Date(Date.now() + 60_000),
        async isKept() {
          seen.push(await text(objects, name))
          await objects.put(bytes('a'))
          return false
        },
      })

      assert.deepEqual(seen, ['a'])
      assert.equal(await text(objects, name), 'a')
    })

    it('stores where others remove at the same time', async () => {
      const objects = await open()

      await Promise.all(
        Array.from({ length: 8 }, async (_, index) => {
          for (let round = 0; round < 10; round++) {
            await objects.write(`shared/${round % 3}/${index}`, bytes('a'))
            if (round < 9) await objects.remove(`shared/${round % 3}/${index}`)
          }
        }),
      )

      assert.deepEqual(
        await names(objects, ''),
        Array.from({ length: 8 }, (_, index) => `shared/0/${index}`),
      )
    })
  })
}
