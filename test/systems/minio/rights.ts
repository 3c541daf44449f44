import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { describe, it } from 'node:test'
import { prepareBucket } from '../../../runtime/adapters/s3-bucket.ts'
import { storePolicy } from '../../../runtime/adapters/s3-policy.ts'
import { testObjects } from '../../conformance/objects.ts'
import { minioSession } from '../servers/minio-session.ts'
import { MEGABYTE, stream } from './bytes.ts'
import { setupMinio } from './setup.ts'

const { minio, open, options } = await setupMinio()

testObjects('S3 (MinIO) with the rights of one store', async () => {
  const { bucket, prefix } = options()
  return open({ prefix, ...(await minioSession(minio, storePolicy(bucket, prefix))) })
})

describe('the credentials of one store, at a real MinIO', () => {
  for (const what of ['bucket', 'prefix'] as const)
    it(`do all that it needs and reach nothing outside its ${what}`, async () => {
      const team = `team-${randomUUID()}`
      const [own, foreign] =
        what === 'bucket'
          ? [
              { bucket: team, prefix: '' },
              { bucket: `${team}2`, prefix: '' },
            ]
          : [{ prefix: `${team}/` }, { prefix: `${team}2/` }]
      const operator = { ...options(), ...own }
      await prepareBucket(operator)
      await prepareBucket({ ...options(), ...foreign })
      const session = await minioSession(minio, storePolicy(operator.bucket, operator.prefix))
      const [mine, theirs] = [open({ ...own, ...session }), open({ ...foreign, ...session })]
      const theirOwn = open(foreign)
      const secret = await theirOwn.put(Buffer.from('secret'))
      await theirOwn.write('a', Buffer.from('secret'))

      const { sha256 } = await mine.put(stream(new Uint8Array(20 * MEGABYTE)))
      const upload = await mine.beginUpload('sent')
      await mine.abortUpload(upload)
      const before = new Date(Date.now() + 60_000)
      assert.equal(await mine.sweep(sha256, { before, isKept: async () => false }), true)

      const refused = { code: 'unavailable', message: /may not do this \(AccessDenied\)/ }
      for (const call of [
        () => theirs.read('a'),
        () => theirs.read(secret.name),
        () => theirs.list(''),
        () => theirs.write('a', Buffer.from('mine')),
        () => theirs.put(stream(new Uint8Array(20 * MEGABYTE))),
        () => theirs.remove('a'),
        () => theirs.beginUpload('a'),
        () => theirs.sweep(secret.sha256, { before, isKept: async () => false }),
        () => prepareBucket({ ...operator, ...session }),
      ])
        await assert.rejects(call, refused, String(call))
      const { status } = await fetch(await theirs.presignGet('a', 60))
      assert.equal(status, 403)
      assert.equal((await theirOwn.list('')).length, 2)
    })
})
