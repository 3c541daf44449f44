import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import type { S3Objects } from '../../../runtime/adapters/s3.ts'
import { s3Objects } from '../../../runtime/adapters/s3.ts'
import { prepareBucket } from '../../../runtime/adapters/s3-bucket.ts'
import type { S3Options } from '../../../runtime/adapters/s3-options.ts'
import type { MinioServer } from '../servers/minio.ts'
import { startMinio } from '../servers/minio.ts'

export interface MinioSetup {
  readonly minio: MinioServer
  /** Where its data lie. */
  readonly folder: string
  /** How an empty store of its own is reached. */
  options(): S3Options & { readonly prefix: string }
  /** An empty store of its own, or what these options say; closed at the end of the file. */
  open(options?: Partial<S3Options>): S3Objects
}

/** A MinIO with one prepared bucket, for one test file. */
export async function setupMinio(): Promise<MinioSetup> {
  const folder = mkdtempSync(join(tmpdir(), 'mezz-minio-'))
  const minio = await startMinio(folder)
  const opened: S3Objects[] = []
  after(async () => {
    for (const objects of opened) await objects.close()
    await minio.kill()
    rmSync(folder, { recursive: true, force: true })
  })
  const { endpoint, accessKey, secretKey } = minio
  const bucket = { endpoint, accessKey, secretKey, bucket: 'objects' }
  await prepareBucket(bucket).catch(async (error) => {
    // What fails outside a test ends the process before anybody could clean up.
    await minio.kill()
    throw error
  })
  const options = () => ({ ...bucket, prefix: `${randomUUID()}/` })

  return {
    minio,
    folder,
    options,
    open(given = {}) {
      const objects = s3Objects({ ...options(), ...given })
      opened.push(objects)
      return objects
    },
  }
}
