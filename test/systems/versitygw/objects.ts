import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import { s3Objects } from '../../../runtime/adapters/s3.ts'
import { prepareBucket } from '../../../runtime/adapters/s3-bucket.ts'
import { testObjects } from '../../conformance/objects.ts'
import { startVersitygw } from '../servers/versitygw.ts'

const folder = mkdtempSync(join(tmpdir(), 'mezz-versitygw-'))
const server = await startVersitygw(folder)
after(async () => {
  await server.kill()
  rmSync(folder, { recursive: true, force: true })
})
const { endpoint, accessKey, secretKey } = server
const bucket = { endpoint, accessKey, secretKey, bucket: 'objects' }
await prepareBucket(bucket)

testObjects('S3 (Versity)', () => s3Objects({ ...bucket, prefix: `${randomUUID()}/` }))
