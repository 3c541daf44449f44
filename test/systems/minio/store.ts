import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { describe, it } from 'node:test'
import { s3Objects } from '../../../runtime/adapters/s3.ts'
import { prepareBucket } from '../../../runtime/adapters/s3-bucket.ts'
import { openS3 } from '../../../runtime/adapters/s3-client.ts'
import { STAGING } from '../../../runtime/adapters/s3-keys.ts'
import { s3Sweep } from '../../../runtime/adapters/s3-sweep.ts'
import { PlatformError } from '../../../runtime/errors.ts'
import { digestOf, MEGABYTE, sha256, stream } from './bytes.ts'
import { setupMinio } from './setup.ts'

const { minio, open, options } = await setupMinio()

const bytes = (text: string) => Buffer.from(text)
const later = () => new Date(Date.now() + 60_000)
const never = { isKept: () => Promise.resolve(false) }

/** Every version of every key of a store, and the keys of what is half done. */
async function keysOf(given: ReturnType<typeof options>): Promise<readonly string[]> {
  const s3 = openS3(given)
  const { Versions = [] } = await s3.call(({ client, sdk, options }) =>
    client.send(new sdk.ListObjectVersionsCommand({ Bucket: s3.bucket, Prefix: s3.prefix }), options),
  )
  await s3.close()
  return Versions.map(({ Key = '' }) => Key.slice(s3.prefix.length))
}

describe('objects in a bucket', () => {
  it('reads on in the bytes that it began with, however long, when they are replaced or removed', async () => {
    const objects = open()
    const [old, newer] = [new Uint8Array(30 * MEGABYTE).fill(1), new Uint8Array(30 * MEGABYTE).fill(2)]
    await objects.write('a', stream(old))

    const [first, second] = [await objects.read('a'), await objects.read('a')]
    await objects.write('a', stream(newer))
    const third = await objects.read('a')
    assert.equal(await digestOf(first), sha256(old))
    await objects.remove('a')

    assert.equal(await digestOf(second), sha256(old))
    assert.equal(await digestOf(third), sha256(newer))
    assert.equal(await objects.read('a'), null)
  })

  it('lets readers who are slow, or never begin, stand in no writer’s way', async () => {
    const objects = open({ timeout: 20_000 })
    await objects.write('a', stream(new Uint8Array(30 * MEGABYTE)))
    const slow = (await objects.read('a'))?.body[Symbol.asyncIterator]()
    await slow?.next()
    const unread = await Promise.all(Array.from({ length: 100 }, () => objects.read('a')))

    await objects.write('a', bytes('new'))

    assert.equal(unread.length, 100)
    assert.equal((await objects.read('a'))?.bytes, 3)
    await slow?.return?.()
  })

  it('leaves nothing staged', async () => {
    const given = options()
    const objects = open(given)
    const { name } = await objects.put(stream(new Uint8Array(20 * MEGABYTE)))

    assert.deepEqual(await keysOf(given), [name])
  })

  it('lists more than a page holds, and names that keys cannot hold among the others', async () => {
    const objects = open()
    const near = Array.from({ length: 1100 }, (_, index) => `n/${String(index).padStart(5, '0')}`)
    const far = ['m', 'n/00500', 'n/01050', 'o'].map(
      (start) => `${start}${'x'.repeat(240)}/${'é'.repeat(127)}/${'y'.repeat(255)}`,
    )
    const all = [...near, ...far]
    for (let at = 0; at < all.length; at += 50)
      await Promise.all(all.slice(at, at + 50).map((name) => objects.write(name, bytes(name))))
    const sorted = all.toSorted()
    const listed = async (...asked: Parameters<typeof objects.list>) =>
      (await objects.list(...asked)).map(({ name }) => name)

    assert.deepEqual(await listed(''), sorted)
    assert.deepEqual(await listed('n/', { after: 'n/00499', limit: 3 }), ['n/00500', far[1], 'n/00501'])
    assert.deepEqual(await listed('n/0105', { after: far[2] ?? '' }), near.slice(1051, 1060))
  })

  it('keeps two stores of one bucket apart, also when the name of one begins that of the other', async () => {
    const team = randomUUID()
    const [one, two] = [open({ prefix: `${team}/` }), open({ prefix: `${team}2/` })]

    await one.write('a', bytes('one'))
    await two.write('a', bytes('two'))

    assert.deepEqual(await two.list(''), [{ name: 'a', bytes: 3 }])
    await one.remove('a')
    assert.deepEqual([await one.list(''), (await two.list('')).length], [[], 1])
  })

  it('never sweeps a blob that was put, by whomever, after it was asked whether it must stay', async () => {
    const { prefix } = options()
    const [first, ...others] = [open({ prefix }), open({ prefix }), open({ prefix })] as const
    let swept = 0
    for (let round = 0; round < 15; round++) {
      const blob = bytes(`blob ${round}`)
      const { name, sha256 } = await first.put(blob)
      let acknowledged = 0
      const isKept = async () => acknowledged > 0
      const [gone] = await Promise.all([
        first.sweep(sha256, { before: later(), isKept }),
        ...others.map(async (store) => {
          await store.put(blob)
          acknowledged++
        }),
      ])
      if (gone) swept++

      assert.ok(await first.read(name), `round ${round}`)
    }
    assert.ok(swept > 0)
  })

  it('sweeps all versions of a blob and nothing beside it', async () => {
    const given = options()
    const objects = open(given)
    const { sha256 } = await objects.put(bytes('a'))
    await objects.put(bytes('a'))
    const other = await objects.put(bytes('b'))

    assert.equal(await objects.sweep(sha256, { before: later(), ...never }), true)

    assert.deepEqual(await keysOf(given), [other.name])
  })

  it('clears what a crash left staged before its first sweep, once it is old', async () => {
    const given = options()
    const objects = open(given)
    const s3 = openS3(given)
    const key = `${s3.prefix}${STAGING}x`
    await s3.call(({ client, sdk, options }) =>
      client.send(new sdk.PutObjectCommand({ Bucket: s3.bucket, Key: key, Body: bytes('left') }), options),
    )
    const digest = '0'.repeat(64)

    await objects.sweep(digest, { before: later(), ...never })
    assert.deepEqual(await keysOf(given), [`${STAGING}x`])
    await s3Sweep(s3, { abandoned: -60_000 })(digest, { before: later(), ...never })

    assert.deepEqual(await keysOf(given), [])
    await s3.close()
  })

  it('refuses to sweep in a bucket that keeps no versions, where it would race', async () => {
    const given = { ...options(), bucket: 'plain' }
    const s3 = openS3(given)
    await s3.call(({ client, sdk, options }) => client.send(new sdk.CreateBucketCommand({ Bucket: 'plain' }), options))
    await s3.close()
    const objects = open(given)
    const { name, sha256 } = await objects.put(bytes('a'))

    await assert.rejects(objects.sweep(sha256, { before: later(), ...never }), {
      code: 'unavailable',
      message: /keeps no versions/,
    })
    assert.ok(await objects.read(name))
    await objects.write('b', stream(new Uint8Array(20 * MEGABYTE)))
    const read = await objects.read('b')
    await objects.write('b', bytes('new'))
    await assert.rejects(digestOf(read), { code: 'unavailable', message: /read it again/ })
  })

  it('prepares a bucket again without harm, and leaves the rules of others', async () => {
    const given = options()
    const s3 = openS3(given)
    const rules = async () => {
      const { Rules = [] } = await s3.call(({ client, sdk, options }) =>
        client.send(new sdk.GetBucketLifecycleConfigurationCommand({ Bucket: s3.bucket }), options),
      )
      return Rules
    }
    const theirs = { ID: 'theirs', Status: 'Enabled', Filter: { Prefix: 'x/' }, Expiration: { Days: 9 } } as const
    const Rules = [...(await rules()), theirs]
    await s3.call(({ client, sdk, options }) =>
      client.send(
        new sdk.PutBucketLifecycleConfigurationCommand({ Bucket: s3.bucket, LifecycleConfiguration: { Rules } }),
        options,
      ),
    )

    await prepareBucket(given)
    const once = (await rules()).map(({ ID }) => ID)
    await prepareBucket(given)

    assert.equal(once.length, 5)
    assert.ok(once.includes('theirs') && once.includes('mezz-replaced'))
    assert.deepEqual((await rules()).map(({ ID }) => ID).toSorted(), once.toSorted())
    await s3.close()
  })

  it('says what is wrong with its credentials or its bucket, and no secret', async () => {
    const secret = 'a-secret-of-ours'
    for (const [given, expected] of [
      [{ secretKey: secret }, /refused: SignatureDoesNotMatch/],
      [{ accessKey: 'nobody', secretKey: secret }, /refused: InvalidAccessKeyId/],
      [{ bucket: 'no-such-bucket' }, /refused: NoSuchBucket/],
      [{ endpoint: `http://127.0.0.1:9`, secretKey: secret, timeout: 3000 }, /did not answer/],
    ] as const) {
      const objects = s3Objects({ ...options(), ...given })
      const error = await objects.write('a', bytes('a')).then(
        () => assert.fail('it must fail'),
        (error) => error,
      )
      assert.ok(error instanceof PlatformError)
      assert.equal(error.code, 'unavailable')
      assert.match(error.message, expected)
      const told = `${JSON.stringify(error)} ${error.stack} ${JSON.stringify(error.cause)} ${String(error.cause)}`
      for (const word of [secret, minio.secretKey]) assert.ok(!told.includes(word))
      await objects.close()
    }
  })
})
