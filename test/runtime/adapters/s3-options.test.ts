import assert from 'node:assert/strict'
import { it } from 'node:test'
import { s3Objects } from '../../../runtime/adapters/s3.ts'
import { PlatformError } from '../../../runtime/errors.ts'

const FINE = { endpoint: 'http://127.0.0.1:9000', bucket: 'objects', accessKey: 'key', secretKey: 'hidden' }

function faults(given: object): readonly string[] {
  try {
    s3Objects({ ...FINE, ...given })
    return []
  } catch (error) {
    assert.ok(error instanceof PlatformError)
    assert.equal(error.code, 'invalid_input')
    assert.ok(!`${error.message} ${JSON.stringify(error.errors)}`.includes('hidden'))
    return (error.errors ?? []).map(({ pointer }) => pointer)
  }
}

it('takes what can be a store', () => {
  for (const given of [
    {},
    { prefix: '' },
    { prefix: 'teams/ü/' },
    { endpoint: 'https://[::1]:9000' },
    { bucket: 'a.b-c' },
  ])
    assert.deepEqual(faults(given), [])
})

it('says everything that is wrong with a store at once, and no secret', () => {
  for (const prefix of ['a', '/', 'a//', '../', 'a/../', '/a/'])
    assert.deepEqual(faults({ prefix }), ['/prefix'], prefix)
  for (const bucket of ['', 'ab', 'A-b', 'a_b', 'a/b']) assert.deepEqual(faults({ bucket }), ['/bucket'], bucket)
  assert.deepEqual(
    faults({ endpoint: 'minio:9000', publicEndpoint: 'ftp://user:hidden@host', accessKey: '', secretKey: '' }),
    ['/endpoint', '/publicEndpoint', '/accessKey', '/secretKey'],
  )
})
