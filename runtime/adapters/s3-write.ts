import { createHash, hash, randomUUID } from 'node:crypto'
import { BLOBS } from '../object-name.ts'
import type { Body, ObjectRef } from '../ports.ts'
import { inPieces } from './in-pieces.ts'
import type { S3 } from './s3-client.ts'
import { isFar, keyOf, STAGING } from './s3-keys.ts'
import type { SendPart } from './s3-parts.ts'
import { uploadParts } from './s3-parts.ts'

/** Bytes of a part; what has fewer goes up in one request. */
const PART = 8 << 20
/** Bytes that the server copies for one request, within its time on a slow disk. */
const COPY = 128 << 20

/**
 * Stores bytes under their digest. Of bytes that come as a stream the digest is known at their end only: what is larger than a
 * part goes up under a name of its own and is copied by the server, so that neither memory nor a disk of ours holds it. (A file
 * of ours in between took as long or longer: 1 GiB 23 s, the copy 16 to 21 s.)
 */
export async function putS3(s3: S3, body: Body): Promise<ObjectRef> {
  if (body instanceof Uint8Array) return writeS3(s3, body, BLOBS + hash('sha256', body))
  return withPieces(body, async ({ whole, pieces, digest }) => {
    if (whole) return putWhole(s3, BLOBS + hash('sha256', whole), whole)
    const staged = s3.prefix + STAGING + randomUUID()
    const version = await uploadParts(s3, staged, pieces, sendBytes(s3))
    try {
      const { sha256, bytes } = digest()
      const name = BLOBS + sha256
      await uploadParts(s3, keyOf(s3.prefix, name), ranges(bytes), copyRange(s3, staged))
      return { name, sha256, bytes }
    } finally {
      await removeStaged(s3, staged, version)
    }
  })
}

/** Stores bytes under a name that is known to be fine; no reader sees them before the last. */
export async function writeS3(s3: S3, body: Body, name: string): Promise<ObjectRef> {
  return withPieces(body, async ({ whole, pieces, digest }) => {
    if (whole) return putWhole(s3, name, whole)
    await uploadParts(s3, keyOf(s3.prefix, name), pieces, sendBytes(s3), metadataOf(s3, name))
    return { name, ...digest() }
  })
}

interface Pieces {
  /** The bytes, if one part holds them all. */
  readonly whole: Uint8Array | null
  readonly pieces: AsyncIterable<Uint8Array>
  /** Of all the bytes, once they are read. */
  digest(): { readonly sha256: string; readonly bytes: number }
}

/** Reads a body a part at a time; whatever comes of the work, the body knows that nobody reads on. */
async function withPieces(body: Body, work: (pieces: Pieces) => Promise<ObjectRef>): Promise<ObjectRef> {
  const sha256 = createHash('sha256')
  let bytes = 0
  async function* counted() {
    for await (const piece of inPieces(body, PART)) {
      sha256.update(piece)
      bytes += piece.length
      yield piece
    }
  }
  const pieces = counted()
  async function* again(...begun: readonly Uint8Array[]) {
    yield* begun
    yield* pieces
  }
  try {
    const first = await pieces.next()
    const second = first.done ? first : await pieces.next()
    return await work({
      whole: first.done ? new Uint8Array() : second.done ? first.value : null,
      pieces: first.done || second.done ? pieces : again(first.value, second.value),
      digest: () => ({ sha256: sha256.digest('hex'), bytes }),
    })
  } finally {
    await pieces.return(undefined)
  }
}

async function putWhole(s3: S3, name: string, bytes: Uint8Array): Promise<ObjectRef> {
  const sha256 = hash('sha256', bytes)
  const Key = keyOf(s3.prefix, name)
  const Metadata = { sha256, ...metadataOf(s3, name) }
  await s3.call(({ client, sdk, options }) =>
    client.send(new sdk.PutObjectCommand({ Bucket: s3.bucket, Key, Body: bytes, Metadata }), options),
  )
  return { name, sha256, bytes: bytes.length }
}

/** What the key cannot say. */
function metadataOf(s3: S3, name: string): Record<string, string> {
  return isFar(s3.prefix, keyOf(s3.prefix, name)) ? { name: Buffer.from(name).toString('base64url') } : {}
}

function sendBytes(s3: S3): SendPart<Uint8Array> {
  return async ({ client, sdk, options }, { key, id }, number, bytes) => {
    const part = { Bucket: s3.bucket, Key: key, UploadId: id, PartNumber: number, Body: bytes }
    return (await client.send(new sdk.UploadPartCommand(part), options)).ETag
  }
}

function copyRange(s3: S3, from: string): SendPart<string> {
  const CopySource = [s3.bucket, ...from.split('/')].map(encodeURIComponent).join('/')
  return async ({ client, sdk, options }, { key, id }, number, range) => {
    const part = { Bucket: s3.bucket, Key: key, UploadId: id, PartNumber: number, CopySource, CopySourceRange: range }
    return (await client.send(new sdk.UploadPartCopyCommand(part), options)).CopyPartResult?.ETag
  }
}

async function* ranges(bytes: number): AsyncGenerator<string> {
  for (let at = 0; at < bytes; at += COPY) yield `bytes=${at}-${Math.min(at + COPY, bytes) - 1}`
}

async function removeStaged(s3: S3, key: string, version: string | undefined): Promise<void> {
  const one = { Bucket: s3.bucket, Key: key, ...(version === undefined ? {} : { VersionId: version }) }
  await s3
    .call(({ client, sdk, options }) => client.send(new sdk.DeleteObjectCommand(one), options))
    // Where this fails, the sweeper finds it.
    .catch(() => undefined)
}
