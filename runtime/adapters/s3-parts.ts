import { randomUUID } from 'node:crypto'
import { PlatformError } from '../errors.ts'
import type { Call, S3 } from './s3-client.ts'
import { nullIfMissing, s3Code } from './s3-errors.ts'

/** Parts of one upload that are on their way at a time. */
const AT_ONCE = 3
/** S3's own limit. */
const MOST_PARTS = 10_000

/** An object that is being put together; nobody sees it before its end. */
export interface Upload {
  readonly key: string
  readonly id: string
  /** Of this upload alone; stands in the object's metadata. */
  readonly mark: string
}

/** Sends one part, numbered from 1; answers with its tag. */
export type SendPart<part> = (call: Call, upload: Upload, number: number, part: part) => Promise<string | undefined>

/**
 * Makes an object of parts, some sent at a time; answers with its version. After an error of a part, or of what gives the
 * parts, nothing is left of it.
 */
export async function uploadParts<part>(
  s3: S3,
  key: string,
  parts: AsyncIterable<part>,
  send: SendPart<part>,
  metadata: Readonly<Record<string, string>> = {},
): Promise<string | undefined> {
  const upload = await begin(s3, key, metadata)
  const stop = new AbortController()
  const running = new Set<Promise<void>>()
  const tags: string[] = []
  const start = (number: number, part: part) => {
    const sent = s3
      .call((call) => send(call, upload, number, part), stop.signal)
      .then((tag = '') => {
        tags[number - 1] = tag
      })
      .finally(() => running.delete(sent))
    // It is awaited below, perhaps after it failed.
    sent.catch(() => undefined)
    running.add(sent)
  }
  try {
    let number = 0
    for await (const part of parts) {
      number++
      if (number > MOST_PARTS) throw new PlatformError('too_large', `an object has at most ${MOST_PARTS} parts`)
      start(number, part)
      if (running.size >= AT_ONCE) await Promise.race(running)
    }
    await Promise.all(running)
    return await complete(s3, upload, tags)
  } catch (error) {
    stop.abort()
    // A part that arrives after the end would stay.
    await Promise.allSettled(running)
    // Where the server is away, it drops the upload by itself within a day.
    await abortUpload(s3, upload).catch(() => undefined)
    throw error
  }
}

async function begin(s3: S3, key: string, metadata: Readonly<Record<string, string>>): Promise<Upload> {
  const mark = randomUUID()
  const asked = { Bucket: s3.bucket, Key: key, Metadata: { ...metadata, upload: mark } }
  const { UploadId = '' } = await s3.call(({ client, sdk, options }) =>
    client.send(new sdk.CreateMultipartUploadCommand(asked), options),
  )
  return { key, id: UploadId, mark }
}

async function complete(s3: S3, { key, id, mark }: Upload, tags: readonly string[]): Promise<string | undefined> {
  const Parts = tags.map((ETag, index) => ({ ETag, PartNumber: index + 1 }))
  try {
    const done = await s3.call(({ client, sdk, options }) =>
      client.send(
        new sdk.CompleteMultipartUploadCommand({
          Bucket: s3.bucket,
          Key: key,
          UploadId: id,
          MultipartUpload: { Parts },
        }),
        options,
      ),
    )
    return done.VersionId
  } catch (error) {
    // The answer to the first of two requests may be lost: then the second finds no upload, but the object is there.
    if (s3Code(error) !== 'NoSuchUpload') throw error
    const found = await head(s3, key)
    if (found?.Metadata?.['upload'] !== mark) throw error
    return found.VersionId
  }
}

function head(s3: S3, key: string) {
  return s3
    .call(({ client, sdk, options }) =>
      client.send(new sdk.HeadObjectCommand({ Bucket: s3.bucket, Key: key }), options),
    )
    .catch(nullIfMissing)
}

/** Drops what came of an upload; also when it is gone. */
export async function abortUpload(s3: S3, { key, id }: Pick<Upload, 'key' | 'id'>): Promise<void> {
  try {
    await s3.call(({ client, sdk, options }) =>
      client.send(new sdk.AbortMultipartUploadCommand({ Bucket: s3.bucket, Key: key, UploadId: id }), options),
    )
  } catch (error) {
    if (s3Code(error) !== 'NoSuchUpload') throw error
  }
}
