import { readFileSync } from 'node:fs'
import type { S3Options } from '../../runtime/adapters/s3-options.ts'
import type { Environment } from '../../runtime/env.ts'

/** The bucket that the variables name, or nothing where they name none. */
export function s3Of(env: Environment): S3Options | undefined {
  if (env.S3_ENDPOINT === undefined) return undefined
  return {
    endpoint: env.S3_ENDPOINT,
    bucket: env.S3_BUCKET ?? `mezz-${env.MEZZ_TEAM}`,
    accessKey: env.S3_ACCESS_KEY ?? '',
    secretKey: env.S3_SECRET_KEY ?? '',
    ...(env.S3_REGION === undefined ? {} : { region: env.S3_REGION }),
    ...(env.S3_PUBLIC_ENDPOINT === undefined ? {} : { publicEndpoint: env.S3_PUBLIC_ENDPOINT }),
    ...(env.S3_CA_FILE === undefined ? {} : { ca: readFileSync(env.S3_CA_FILE, 'utf8') }),
  }
}

/** What a process needs to find the objects where the platform has them. */
export function objectVariables(store: Environment): Record<string, string> {
  const { S3_ENDPOINT, S3_PUBLIC_ENDPOINT, S3_REGION, S3_BUCKET, S3_ACCESS_KEY, S3_SECRET_KEY, S3_CA_FILE } = store
  const s3 = { S3_ENDPOINT, S3_PUBLIC_ENDPOINT, S3_REGION, S3_BUCKET, S3_ACCESS_KEY, S3_SECRET_KEY, S3_CA_FILE }
  const { OBJECTS_FOLDER } = store
  const wanted = S3_ENDPOINT === undefined ? { OBJECTS_FOLDER } : s3
  return Object.fromEntries(Object.entries(wanted).flatMap(([name, value]) => (value ? [[name, value]] : [])))
}
