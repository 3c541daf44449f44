import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { globSync } from 'node:fs'
import { join } from 'node:path'
import { after, afterEach, describe, it } from 'node:test'
import type { S3Options } from '../../../runtime/adapters/s3-options.ts'
import { PlatformError } from '../../../runtime/errors.ts'
import type { Body } from '../../../runtime/ports.ts'
import { eventually } from '../../platform/eventually.ts'
import type { TcpProxy } from '../servers/proxy.ts'
import { startProxy } from '../servers/proxy.ts'
import { digestOf, digestOfName, MEGABYTE, sample, sha256, stream } from './bytes.ts'
import { setupMinio } from './setup.ts'

/** What a call may take whose time is set to 2 s, on a busy machine. */
const TIMEOUT = 2000
const SOON = 15_000

const { minio, folder, options, open } = await setupMinio()
const proxies: TcpProxy[] = []
after(async () => {
  for (const proxy of proxies) await proxy.close()
})

/** A store that is reached by a network of its own, and one beside it. */
async function spoilt(given: Partial<S3Options> = {}) {
  const proxy = await startProxy(minio.port)
  proxies.push(proxy)
  const { prefix } = options()
  const objects = open({ prefix, endpoint: `http://127.0.0.1:${proxy.port}`, timeout: TIMEOUT, ...given })
  return { proxy, objects, beside: open({ prefix }) }
}

async function assertUnavailable(work: Promise<unknown>): Promise<void> {
  const begun = performance.now()
  await assert.rejects(work, (error) => {
    assert.ok(error instanceof PlatformError, String(error))
    assert.equal(error.code, 'unavailable')
    assert.match(error.message, /^the object store did not answer/)
    return true
  })
  const took = performance.now() - begun
  assert.ok(took < SOON, `it took ${Math.round(took)} ms`)
}

/** The parts of unfinished uploads that lie on the server's disk. */
const partsOnDisk = () => globSync(join(folder, 'data/.minio.sys/multipart/*/*/*/part.*'))

describe('objects on a MinIO that fails', () => {
  afterEach(async () => {
    for (const proxy of proxies) {
      proxy.release()
      proxy.mend()
      proxy.delay(0)
      proxy.change((piece) => piece)
    }
    minio.resume()
  })

  it('is unavailable when the server is killed in the middle of a write; nothing of it is seen, and what was there is', async () => {
    const objects = open({ timeout: TIMEOUT })
    const [old, large] = [sample(20 * MEGABYTE), sample(60 * MEGABYTE, 2)]
    await objects.write('a', stream(old))
    const kill = { 40: () => minio.kill() }

    await assertUnavailable(objects.write('a', stream(large, kill)))
    await minio.start()
    await assertUnavailable(objects.put(stream(large, kill)))
    await minio.start()

    assert.equal(await digestOfName(objects, 'a'), sha256(old))
    assert.deepEqual(
      (await objects.list('')).map(({ name }) => name),
      ['a'],
    )
    const ref = await objects.put(stream(large))
    assert.equal(await digestOfName(objects, ref.name), sha256(large))
  })

  it('keeps whatever it acknowledged before it was killed', async () => {
    const objects = open()
    for (let kill = 0; kill < 3; kill++) {
      const refs = await Promise.all(
        [10, 100_000, 9 * MEGABYTE].map((bytes) => objects.put(stream(sample(bytes, kill + 1)))),
      )
      await minio.kill()
      await minio.start()
      for (const ref of refs) assert.equal(await digestOfName(objects, ref.name), ref.sha256)
    }
  })

  it('goes on with a read when the server was killed in the middle of it and is back', async () => {
    const objects = open()
    const large = sample(40 * MEGABYTE)
    const { name } = await objects.put(stream(large))
    const found = await objects.read(name)
    const hash = createHash('sha256')
    let pieces = 0

    for await (const piece of found?.body ?? []) {
      hash.update(piece)
      if (++pieces === 2) {
        await minio.kill()
        await minio.start()
      }
    }

    assert.ok(pieces > 4)
    assert.equal(hash.digest('hex'), sha256(large))
  })

  it('is unavailable when it stays away in the middle of a read', async () => {
    const objects = open({ timeout: TIMEOUT })
    const { name } = await objects.put(stream(sample(40 * MEGABYTE)))
    const found = await objects.read(name)

    await minio.kill()
    try {
      await assertUnavailable(digestOf(found))
      for (const call of [
        () => objects.read('a'),
        () => objects.put(Buffer.from('a')),
        () => objects.write('a', stream(sample(20 * MEGABYTE))),
        () => objects.list(''),
        () => objects.remove('a'),
      ])
        await assertUnavailable(call())
    } finally {
      await minio.start()
    }
  })

  it('lets the sender of a body go when the server is away', async () => {
    const objects = open({ endpoint: 'http://127.0.0.1:9', timeout: TIMEOUT })
    for (const store of [(body: Body) => objects.put(body), (body: Body) => objects.write('a', body)]) {
      let isLetGo = false
      const body = async function* () {
        try {
          for (;;) yield new Uint8Array(MEGABYTE)
        } finally {
          isLetGo = true
        }
      }

      await assertUnavailable(store(body()))

      assert.ok(isLetGo)
    }
  })

  it('is unavailable in its time while the server hangs, and works when it goes on', async () => {
    const objects = open({ timeout: TIMEOUT })
    await objects.write('a', Buffer.from('here'))

    minio.pause()
    await assertUnavailable(objects.read('a'))
    await assertUnavailable(objects.write('a', Buffer.from('there')))
    minio.resume()

    assert.ok(await objects.read('a'))
  })

  it('is unavailable in its time on a half-open connection, in the middle of a write as well', async () => {
    const { proxy, objects, beside } = await spoilt()
    await objects.write('a', Buffer.from('here'))

    await assertUnavailable(objects.write('b', stream(sample(40 * MEGABYTE), { 20: () => proxy.hold() })))
    await assertUnavailable(objects.read('a'))
    proxy.release()

    assert.ok(await objects.read('a'))
    assert.equal(await beside.read('b'), null)
  })

  it('asks again for what was cut off, in a read and in a write', async () => {
    const { proxy, objects, beside } = await spoilt({ timeout: 30_000 })
    const large = sample(30 * MEGABYTE)
    const { name } = await beside.put(large)

    for (const bytes of [100, 500_000, 3 * MEGABYTE, 12 * MEGABYTE]) {
      proxy.cutAfter(bytes)
      assert.equal(await digestOfName(objects, name), sha256(large), `cut after ${bytes}`)
    }
    const before = proxy.bytes.request
    await objects.write('a', stream(large, { 12: () => proxy.cutAfter(0), 20: () => proxy.cutAfter(0) }))

    assert.equal(await digestOfName(beside, 'a'), sha256(large))
    assert.ok(proxy.bytes.request - before > large.length)
  })

  it('takes the answer to the end of an upload that is lost for what it is', async () => {
    const { proxy, objects, beside } = await spoilt({ timeout: 30_000 })
    const large = sample(20 * MEGABYTE)
    let lost = 0
    proxy.change((piece, direction) => {
      if (direction === 'answer' && lost === 0 && piece.includes('<CompleteMultipartUploadResult')) {
        lost++
        proxy.cutAfter(0)
      }
      return piece
    })

    await objects.write('a', stream(large))

    assert.equal(lost, 1)
    assert.equal(await digestOfName(beside, 'a'), sha256(large))
  })

  it('bears a slow network', async () => {
    const { proxy, objects, beside } = await spoilt({ timeout: 60_000 })
    proxy.delay(2)
    const bytes = sample(12 * MEGABYTE)

    const { name } = await objects.put(stream(bytes))

    assert.equal(await digestOfName(beside, name), sha256(bytes))
    assert.equal(await digestOfName(objects, name), sha256(bytes))
  })

  it('stores no byte that was changed on its way', async () => {
    for (const bytes of [1000, 20 * MEGABYTE]) {
      const { proxy, objects, beside } = await spoilt({ timeout: 20_000 })
      const whole = Buffer.alloc(bytes, 'a')
      proxy.change((piece, direction) =>
        direction === 'request' ? Buffer.from(piece.toString('latin1').replaceAll('aaaa', 'aaab'), 'latin1') : piece,
      )

      await assert.rejects(objects.write('a', stream(whole)), { code: 'unavailable' })

      assert.equal(await beside.read('a'), null)
    }
  })

  it('gives no last byte of an object that was changed on its way', async () => {
    for (const bytes of [1000, 20 * MEGABYTE]) {
      const { proxy, objects, beside } = await spoilt({ timeout: 20_000 })
      const { name } = await beside.put(Buffer.alloc(bytes, 'a'))
      proxy.change((piece, direction) =>
        direction === 'answer' ? Buffer.from(piece.toString('latin1').replaceAll('aaaa', 'aaab'), 'latin1') : piece,
      )

      let seen = 0
      const reading = async () => {
        for await (const piece of (await objects.read(name))?.body ?? []) seen += piece.length
      }

      await assert.rejects(reading, { code: 'unavailable', message: /their SHA-256 is another/ })
      assert.ok(seen < bytes)
    }
  })

  it('leaves no part of an upload whose sender breaks off', async () => {
    const objects = open()
    // A server that was killed keeps for a day what was on its way.
    const before = new Set(partsOnDisk())
    const left = () => partsOnDisk().filter((part) => !before.has(part)).length
    let most = 0
    const torn = async function* () {
      yield* stream(sample(40 * MEGABYTE))
      most = await eventually('parts arrive', async () => left() || undefined)
      throw new Error('the sender is gone')
    }

    await assert.rejects(objects.write('a', torn()), { message: 'the sender is gone' })
    await assert.rejects(objects.put(torn()), { message: 'the sender is gone' })

    assert.ok(most > 0)
    await eventually('no part is left', async () => left() === 0)
    assert.deepEqual(await objects.list(''), [])
  })
})
