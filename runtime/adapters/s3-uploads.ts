import { PlatformError } from '../errors.ts'
import { checkObjectName, checkWritableName } from '../object-name.ts'
import type { StartedUpload, Uploads } from '../uploads.ts'
import type { S3 } from './s3-client.ts'
import { s3Code } from './s3-errors.ts'
import { isFar, keyOf } from './s3-keys.ts'
import { abortUpload } from './s3-parts.ts'

/** S3's own limits: parts, and seconds that a URL is good for. */
const MOST_PARTS = 10_000
const MOST_SECONDS = 7 * 24 * 60 * 60

interface Part {
  readonly PartNumber: number
  readonly ETag: string
  readonly Size: number
}

/** Presigned URLs of an S3 store. */
export function s3Uploads(s3: S3): Uploads {
  const place = ({ name, id }: StartedUpload) => ({ Bucket: s3.bucket, Key: keyOf(s3.prefix, name), UploadId: id })

  return {
    async presignGet(name, seconds) {
      checkObjectName(name)
      checkSeconds(seconds)
      const asked = { Bucket: s3.bucket, Key: keyOf(s3.prefix, name) }
      return s3.sign(({ client, sdk }) =>
        sdk.getSignedUrl(client, new sdk.GetObjectCommand(asked), { expiresIn: seconds }),
      )
    },
    async beginUpload(name) {
      checkWritableName(name)
      const Key = keyOf(s3.prefix, name)
      const Metadata = isFar(s3.prefix, Key) ? { name: Buffer.from(name).toString('base64url') } : {}
      const { UploadId = '' } = await s3.call(({ client, sdk, options }) =>
        client.send(new sdk.CreateMultipartUploadCommand({ Bucket: s3.bucket, Key, Metadata }), options),
      )
      return { name, id: UploadId }
    },
    async presignPart(upload, part, { seconds, sha256 }) {
      checkPart(part)
      checkSeconds(seconds)
      const checksum = sha256 === undefined ? {} : { ChecksumSHA256: Buffer.from(sha256, 'hex').toString('base64') }
      return s3.sign(({ client, sdk }) =>
        sdk.getSignedUrl(client, new sdk.UploadPartCommand({ ...place(upload), PartNumber: part, ...checksum }), {
          expiresIn: seconds,
          // In the signature as a header that must be sent, and not hidden in the URL.
          unhoistableHeaders: new Set(['x-amz-checksum-sha256']),
        }),
      )
    },
    async listParts(upload) {
      return (await partsOf(s3, upload)).map(({ PartNumber, Size }) => ({ part: PartNumber, bytes: Size }))
    },
    async completeUpload(upload) {
      const parts = await partsOf(s3, upload)
      checkWhole(parts)
      const Parts = parts.map(({ PartNumber, ETag }) => ({ PartNumber, ETag }))
      await s3
        .call(({ client, sdk, options }) =>
          client.send(
            new sdk.CompleteMultipartUploadCommand({ ...place(upload), MultipartUpload: { Parts } }),
            options,
          ),
        )
        .catch((error) => {
          if (s3Code(error) === 'EntityTooSmall')
            throw new PlatformError('invalid_input', 'all parts but the last have at least 5 MiB', { cause: error })
          return goneOr(error)
        })
      return parts.reduce((sum, { Size }) => sum + Size, 0)
    },
    abortUpload: ({ name, id }) => abortUpload(s3, { key: keyOf(s3.prefix, name), id }),
  }
}

async function partsOf(s3: S3, upload: StartedUpload): Promise<readonly Part[]> {
  const parts: Part[] = []
  for (let from: string | undefined = '0'; from !== undefined; ) {
    const page = await partsAfter(s3, upload, from)
    for (const { PartNumber = 0, ETag = '', Size = 0 } of page.Parts ?? []) parts.push({ PartNumber, ETag, Size })
    from = page.IsTruncated ? page.NextPartNumberMarker : undefined
  }
  return parts
}

function partsAfter(s3: S3, { name, id }: StartedUpload, from: string) {
  const asked = { Bucket: s3.bucket, Key: keyOf(s3.prefix, name), UploadId: id, PartNumberMarker: from }
  return s3.call(({ client, sdk, options }) => client.send(new sdk.ListPartsCommand(asked), options)).catch(goneOr)
}

function checkWhole(parts: readonly Part[]): void {
  const missing = parts.findIndex(({ PartNumber }, index) => PartNumber !== index + 1)
  if (parts.length > 0 && missing < 0) return
  throw new PlatformError(
    'invalid_input',
    `part ${missing < 0 ? 1 : missing + 1} has not arrived: send it, then complete`,
  )
}

function checkPart(part: number): void {
  if (Number.isInteger(part) && part >= 1 && part <= MOST_PARTS) return
  throw new PlatformError('invalid_input', `part ${part} is none of 1 to ${MOST_PARTS}`)
}

function checkSeconds(seconds: number): void {
  if (Number.isInteger(seconds) && seconds >= 1 && seconds <= MOST_SECONDS) return
  throw new PlatformError('invalid_input', `a URL is good for 1 to ${MOST_SECONDS} whole seconds, not ${seconds}`)
}

function goneOr(error: unknown): never {
  if (s3Code(error) !== 'NoSuchUpload') throw error
  throw new PlatformError('not_found', 'there is no such upload: it was completed or dropped', { cause: error })
}
