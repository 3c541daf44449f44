import { hash } from 'node:crypto'
import type { S3 } from './s3-client.ts'
import { openS3 } from './s3-client.ts'
import { s3Code } from './s3-errors.ts'
import { STAGING } from './s3-keys.ts'
import type { S3Options } from './s3-options.ts'

/**
 * Makes a bucket, unless it is there, into one that this platform can use: it keeps versions, so that a read goes on in the bytes
 * that it began with and the sweeper removes what it saw; a day after they were replaced or removed they go, and so does what a
 * crash left half done. (A server that knows no lifecycles keeps what was replaced: that is its operator's then.) Needs an
 * operator's credentials.
 */
export async function prepareBucket(options: S3Options): Promise<void> {
  const s3 = openS3(options)
  const Bucket = { Bucket: options.bucket }
  try {
    await s3
      .call(({ client, sdk, options }) => client.send(new sdk.CreateBucketCommand(Bucket), options))
      .catch((error) => {
        if (!['BucketAlreadyOwnedByYou', 'BucketAlreadyExists'].includes(s3Code(error))) throw error
      })
    await s3.call(({ client, sdk, options }) =>
      client.send(
        new sdk.PutBucketVersioningCommand({ ...Bucket, VersioningConfiguration: { Status: 'Enabled' } }),
        options,
      ),
    )
    await addRules(s3).catch((error) => {
      if (s3Code(error) !== 'NotImplemented') throw error
    })
  } finally {
    await s3.close()
  }
}

async function addRules(s3: S3): Promise<void> {
  const Bucket = { Bucket: s3.bucket }
  const ours = rules(s3.prefix)
  const others = await s3
    .call(({ client, sdk, options }) => client.send(new sdk.GetBucketLifecycleConfigurationCommand(Bucket), options))
    .then(
      ({ Rules = [] }) => Rules.filter(({ ID }) => !ours.some((rule) => rule.ID === ID)),
      (error) => {
        if (s3Code(error) !== 'NoSuchLifecycleConfiguration') throw error
        return []
      },
    )
  const LifecycleConfiguration = { Rules: [...others, ...ours] }
  await s3.call(({ client, sdk, options }) =>
    client.send(new sdk.PutBucketLifecycleConfigurationCommand({ ...Bucket, LifecycleConfiguration }), options),
  )
}

/** The rules of a lifecycle for one store; their names are its own, so that other stores of the bucket and its operator keep theirs. */
function rules(prefix: string) {
  const rule = (name: string, start: string) =>
    ({
      ID: `mezz-${name}${prefix === '' ? '' : `-${hash('sha256', prefix).slice(0, 32)}`}`,
      Status: 'Enabled',
      Filter: { Prefix: start },
    }) as const
  return [
    {
      ...rule('replaced', prefix),
      NoncurrentVersionExpiration: { NoncurrentDays: 1 },
      Expiration: { ExpiredObjectDeleteMarker: true },
      AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 },
    },
    { ...rule('staged', prefix + STAGING), Expiration: { Days: 1 } },
  ]
}
