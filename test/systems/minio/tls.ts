import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, it } from 'node:test'
import { s3Objects } from '../../../runtime/adapters/s3.ts'
import { prepareBucket } from '../../../runtime/adapters/s3-bucket.ts'
import { startMinio } from '../servers/minio.ts'
import { digestOfName, MEGABYTE, sample, sha256, stream } from './bytes.ts'

const folder = mkdtempSync(join(tmpdir(), 'mezz-minio-tls-'))
const certificates = join(folder, 'certificates')
mkdirSync(certificates)
execFileSync(
  'openssl',
  [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'],
    ...['-subj', '/CN=a CA of ours', '-addext', 'subjectAltName=IP:127.0.0.1'],
    ...['-keyout', 'private.key', '-out', 'public.crt'],
  ],
  { cwd: certificates, stdio: 'ignore' },
)
const minio = await startMinio(folder, certificates)
after(async () => {
  await minio.kill()
  rmSync(folder, { recursive: true, force: true })
})

it('trusts a private authority where it is given, and no other', async () => {
  const { endpoint, accessKey, secretKey } = minio
  const options = { endpoint, accessKey, secretKey, bucket: 'objects' }
  const ca = readFileSync(join(certificates, 'public.crt'), 'utf8')
  await prepareBucket({ ...options, ca })
  const [trusting, other] = [s3Objects({ ...options, ca }), s3Objects(options)]
  const large = sample(20 * MEGABYTE)

  const { name } = await trusting.put(stream(large))

  assert.equal(await digestOfName(trusting, name), sha256(large))
  await assert.rejects(other.read(name), { code: 'unavailable' })
  await trusting.close()
  await other.close()
})
