/** What the credentials of one store need in its bucket, as the policy (JSON) that S3 and MinIO take for a user; it reaches nothing outside the bucket and the prefix. */
export function storePolicy(bucket: string, prefix = ''): string {
  const ofBucket = `arn:aws:s3:::${bucket}`
  return JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Action: [
          's3:GetObject',
          's3:GetObjectVersion',
          's3:PutObject',
          's3:DeleteObject',
          's3:DeleteObjectVersion',
          's3:AbortMultipartUpload',
          's3:ListMultipartUploadParts',
        ],
        Resource: [`${ofBucket}/${prefix}*`],
      },
      {
        Effect: 'Allow',
        Action: ['s3:ListBucket', 's3:ListBucketVersions'],
        Resource: [ofBucket],
        ...(prefix === '' ? {} : { Condition: { StringLike: { 's3:prefix': [`${prefix}*`] } } }),
      },
      {
        Effect: 'Allow',
        Action: ['s3:GetBucketVersioning', 's3:ListBucketMultipartUploads'],
        Resource: [ofBucket],
      },
    ],
  })
}
