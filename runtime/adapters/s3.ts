import { checkRange } from '../byte-range.ts'
import { checkDigest, checkObjectName, checkWritableName } from '../object-name.ts'
import type { Objects } from '../ports.ts'
import type { Uploads } from '../uploads.ts'
import { openS3 } from './s3-client.ts'
import { keyOf } from './s3-keys.ts'
import { s3List } from './s3-list.ts'
import type { S3Options } from './s3-options.ts'
import { readS3 } from './s3-read.ts'
import { s3Sweep } from './s3-sweep.ts'
import { s3Uploads } from './s3-uploads.ts'
import { putS3, writeS3 } from './s3-write.ts'

export interface S3Objects extends Objects, Uploads {
  /** Lets its connections go. */
  close(): Promise<void>
}

/** A bucket of an S3 server as object store; `prepareBucket` makes one. It connects when it is first asked for something. */
export function s3Objects(options: S3Options): S3Objects {
  const s3 = openS3(options)
  const list = s3List(s3)
  const sweep = s3Sweep(s3)

  return {
    put: (body) => putS3(s3, body),
    async write(name, body) {
      checkWritableName(name)
      return writeS3(s3, body, name)
    },
    async read(name, range = { start: 0, end: Number.MAX_SAFE_INTEGER }) {
      checkObjectName(name)
      checkRange(range)
      return readS3(s3, name, range)
    },
    list,
    async remove(name) {
      checkObjectName(name)
      const asked = { Bucket: options.bucket, Key: keyOf(s3.prefix, name) }
      await s3.call(({ client, sdk, options }) => client.send(new sdk.DeleteObjectCommand(asked), options))
    },
    async sweep(sha256, unless) {
      checkDigest(sha256)
      return sweep(sha256, unless)
    },
    ...s3Uploads(s3),
    close: () => s3.close(),
  }
}
