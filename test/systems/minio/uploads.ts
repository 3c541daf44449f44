import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { S3Objects } from '../../../runtime/adapters/s3.ts'
import type { StartedUpload } from '../../../runtime/uploads.ts'
import { eventually } from '../../platform/eventually.ts'
import { digestOfName, MEGABYTE, sha256 } from './bytes.ts'
import { setupMinio } from './setup.ts'

const FAR = `${'ab/'.repeat(341)}c`

const { open, minio } = await setupMinio()
const part = (byte: number, megabytes = 5) => new Uint8Array(megabytes * MEGABYTE).fill(byte)
const base64 = (bytes: Uint8Array) => Buffer.from(sha256(bytes), 'hex').toString('base64')

async function send(objects: S3Objects, upload: StartedUpload, number: number, bytes: Uint8Array<ArrayBuffer>) {
  const url = await objects.presignPart(upload, number, { seconds: 60 })
  assert.equal((await fetch(url, { method: 'PUT', body: bytes })).status, 200)
}

describe('presigned URLs of a real MinIO', () => {
  for (const name of ['datasets/ü a!.csv', FAR])
    it(`let somebody send an object past us in parts, and get it: ${name.slice(0, 20)}`, async () => {
      const objects = open()
      const upload = await objects.beginUpload(name)
      await send(objects, upload, 2, part(2, 1))
      await send(objects, upload, 1, part(9))
      assert.equal(await objects.read(name), null)
      assert.deepEqual(await objects.listParts(upload), [
        { part: 1, bytes: 5 * MEGABYTE },
        { part: 2, bytes: MEGABYTE },
      ])
      await send(objects, upload, 1, part(1))

      assert.equal(await objects.completeUpload(upload), 6 * MEGABYTE)

      const expected = Buffer.concat([part(1), part(2, 1)])
      assert.equal(await digestOfName(objects, name), sha256(expected))
      assert.deepEqual(await objects.list(''), [{ name, bytes: 6 * MEGABYTE }])
      const got = await fetch(await objects.presignGet(name, 60))
      assert.equal(sha256(Buffer.from(await got.arrayBuffer())), sha256(expected))
      await assert.rejects(objects.completeUpload(upload), { code: 'not_found' })
    })

  it('take a part of these bytes alone where its digest is given', async () => {
    const objects = open()
    const upload = await objects.beginUpload('a')
    const [right, wrong] = [part(1, 1), part(2, 1)]
    const url = await objects.presignPart(upload, 1, { seconds: 60, sha256: sha256(right) })
    const put = (body: Uint8Array<ArrayBuffer>, headers: Record<string, string>) =>
      fetch(url, { method: 'PUT', body, headers }).then(({ status }) => status)

    assert.ok((await put(right, {})) >= 400)
    assert.ok((await put(wrong, { 'x-amz-checksum-sha256': base64(wrong) })) >= 400)
    assert.ok((await put(wrong, { 'x-amz-checksum-sha256': base64(right) })) >= 400)
    assert.deepEqual(await objects.listParts(upload), [])
    assert.equal(await put(right, { 'x-amz-checksum-sha256': base64(right) }), 200)
    assert.equal(await objects.completeUpload(upload), MEGABYTE)
  })

  it('say which part is missing or too small, and go on after it', async () => {
    const objects = open()
    const upload = await objects.beginUpload('a')
    await assert.rejects(objects.completeUpload(upload), { code: 'invalid_input', message: /part 1 has not arrived/ })
    await send(objects, upload, 1, part(1, 1))
    await send(objects, upload, 3, part(3, 1))
    await assert.rejects(objects.completeUpload(upload), { code: 'invalid_input', message: /part 2 has not arrived/ })
    await send(objects, upload, 2, part(2))
    await assert.rejects(objects.completeUpload(upload), { code: 'invalid_input', message: /at least 5 MiB/ })
    await send(objects, upload, 1, part(1))

    assert.equal(await objects.completeUpload(upload), 11 * MEGABYTE)
  })

  it('leave nothing of an upload that is dropped, also twice', async () => {
    const objects = open()
    const upload = await objects.beginUpload('a')
    await send(objects, upload, 1, part(1))

    await objects.abortUpload(upload)
    await objects.abortUpload(upload)

    await assert.rejects(objects.listParts(upload), { code: 'not_found' })
    await assert.rejects(objects.completeUpload(upload), { code: 'not_found' })
    assert.equal(await objects.read('a'), null)
  })

  it('are good for one object, one use and their time', async () => {
    const objects = open()
    for (const name of ['a', 'b']) await objects.write(name, Buffer.from(name))
    const url = await objects.presignGet('a', 60)
    const status = (to: string, method = 'GET') => fetch(to, { method }).then((answer) => answer.status)

    assert.equal(await status(url), 200)
    const ofOther = url.replace('/a%21?', '/b%21?')
    assert.notEqual(ofOther, url)
    assert.equal(await status(ofOther), 403)
    assert.equal(await status(url.replace('X-Amz-Expires=60', 'X-Amz-Expires=600')), 403)
    assert.equal(await status(url, 'PUT'), 403)
    assert.equal(await status(await objects.presignGet('c', 60)), 404)
    const short = await objects.presignGet('a', 1)
    await eventually('the URL runs out', async () => (await status(short)) === 403)
    for (const seconds of [0, 0.5, 700_000, Number.NaN])
      await assert.rejects(objects.presignGet('a', seconds), { code: 'invalid_input' })
    for (const number of [0, 10_001, 1.5])
      await assert.rejects(objects.presignPart({ name: 'a', id: 'x' }, number, { seconds: 1 }), {
        code: 'invalid_input',
      })
    await assert.rejects(objects.beginUpload('blobs/mine'), { code: 'invalid_input' })
  })

  it('name the endpoint that callers see, and no secret', async () => {
    const objects = open({ publicEndpoint: 'https://files.example.org' })

    const url = await objects.presignGet('a', 60)

    assert.equal(new URL(url).origin, 'https://files.example.org')
    assert.ok(!url.includes(minio.secretKey))
  })
})
