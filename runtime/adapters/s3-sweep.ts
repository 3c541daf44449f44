import { PlatformError } from '../errors.ts'
import { BLOBS } from '../object-name.ts'
import type { Objects } from '../ports.ts'
import type { S3 } from './s3-client.ts'
import { keyOf, STAGING } from './s3-keys.ts'
import { abortUpload } from './s3-parts.ts'

/** S3 gives the time of an object in whole seconds. */
const SECOND = 1000
/** What is staged for longer (milliseconds) is the rest of a crash. */
const ABANDONED = 24 * 60 * 60 * 1000

interface Version {
  readonly Key: string
  readonly VersionId: string
}

interface Versions {
  readonly all: readonly Version[]
  /** Whether there is an object, seen by name. */
  readonly isThere: boolean
  readonly youngest: number
}

/**
 * Removes blobs of an S3 store. S3 has no lock and no "delete if it is still that old": so the bucket keeps versions, the
 * sweeper looks which there are, asks whether they must stay, and removes those versions and no other. A put that comes before
 * the look makes a version that is young; one that comes after it makes a version that is not removed.
 */
export function s3Sweep(s3: S3, { abandoned = ABANDONED } = {}): Objects['sweep'] {
  let prepared: Promise<void> | undefined
  const prepare = async () => {
    await checkVersioning(s3)
    await clearAbandoned(s3, Date.now() - abandoned)
  }

  return async (sha256, { before, isKept }) => {
    prepared ??= prepare().catch((error) => {
      prepared = undefined
      throw error
    })
    await prepared
    const key = keyOf(s3.prefix, BLOBS + sha256)
    const versions = await versionsOf(s3, key)
    if (!versions.isThere || versions.youngest + SECOND > before.getTime() || (await isKept())) return false
    await removeVersions(s3, versions.all)
    return true
  }
}

async function checkVersioning(s3: S3): Promise<void> {
  const { Status } = await s3.call(({ client, sdk, options }) =>
    client.send(new sdk.GetBucketVersioningCommand({ Bucket: s3.bucket }), options),
  )
  if (Status === 'Enabled') return
  throw new PlatformError(
    'unavailable',
    `the bucket ${s3.bucket} keeps no versions, without which no blob can be removed safely: turn versioning on`,
  )
}

/** What a crash left between the upload of a blob and its copy, and uploads that nobody goes on with (of which MinIO drops its own after a day). */
async function clearAbandoned(s3: S3, end: number): Promise<void> {
  const start = s3.prefix + STAGING
  const { Uploads = [] } = await s3.call(({ client, sdk, options }) =>
    client.send(new sdk.ListMultipartUploadsCommand({ Bucket: s3.bucket, Prefix: s3.prefix }), options),
  )
  for (const { Key, UploadId, Initiated } of Uploads) {
    if (Key !== undefined && UploadId !== undefined && Initiated && Initiated.getTime() < end)
      await abortUpload(s3, { key: Key, id: UploadId })
  }
  const listed = await versionsAfter(s3, start, {})
  await removeVersions(
    s3,
    (listed.Versions ?? []).filter(isWhole).filter(({ LastModified }) => (LastModified?.getTime() ?? end) < end),
  )
}

async function versionsOf(s3: S3, key: string): Promise<Versions> {
  const all: Version[] = []
  let isThere = false
  let youngest = 0
  for (let from: Marker | null = {}; from !== null; ) {
    const page = await versionsAfter(s3, key, from)
    for (const { LastModified, ...one } of [...(page.Versions ?? []), ...(page.DeleteMarkers ?? [])].filter(isWhole)) {
      all.push(one)
      youngest = Math.max(youngest, LastModified?.getTime() ?? Number.POSITIVE_INFINITY)
    }
    isThere ||= (page.Versions ?? []).some(({ IsLatest }) => IsLatest)
    from = page.IsTruncated ? { KeyMarker: page.NextKeyMarker, VersionIdMarker: page.NextVersionIdMarker } : null
  }
  return { all, isThere, youngest }
}

interface Marker {
  readonly KeyMarker?: string | undefined
  readonly VersionIdMarker?: string | undefined
}

function versionsAfter(s3: S3, start: string, from: Marker) {
  const asked = { Bucket: s3.bucket, Prefix: start, ...from }
  return s3.call(({ client, sdk, options }) => client.send(new sdk.ListObjectVersionsCommand(asked), options))
}

function isWhole<entry extends { readonly Key?: string | undefined; readonly VersionId?: string | undefined }>(
  entry: entry,
): entry is entry & Version {
  return entry.Key !== undefined && entry.VersionId !== undefined
}

async function removeVersions(s3: S3, versions: readonly Version[]): Promise<void> {
  for (let at = 0; at < versions.length; at += 1000) {
    const Objects = versions.slice(at, at + 1000).map(({ Key, VersionId }) => ({ Key, VersionId }))
    const { Errors = [] } = await s3.call(({ client, sdk, options }) =>
      client.send(new sdk.DeleteObjectsCommand({ Bucket: s3.bucket, Delete: { Objects, Quiet: true } }), options),
    )
    const [first] = Errors
    if (first) throw new PlatformError('unavailable', `the object store removed not all: ${first.Code ?? 'no reason'}`)
  }
}
