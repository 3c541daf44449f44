import type { Fault } from '../errors.ts'
import { PlatformError } from '../errors.ts'
import { isPlainStep } from '../object-name.ts'

/** Where a team's objects are. */
export interface S3Options {
  /** `https://minio.example.org:9000`; Amazon's own where none is given. */
  readonly endpoint?: string
  readonly region?: string
  readonly bucket: string
  /** What every key begins with, plain steps that end in `/` (`teams/a/`), so that several stores share a bucket. */
  readonly prefix?: string
  readonly accessKey: string
  readonly secretKey: string
  /** Of temporary credentials. */
  readonly sessionToken?: string
  /** The bucket as first step of the path, not of the host; so by default where an endpoint is given. */
  readonly pathStyle?: boolean
  /** Certificates (PEM) to trust in place of the system's. */
  readonly ca?: string
  /** The endpoint that presigned URLs name, where those who use them know the server by another. */
  readonly publicEndpoint?: string
  /** Milliseconds for one request. */
  readonly timeout?: number
}

/** Throws `invalid_input` with every fault of these options, and no secret. */
export function checkOptions({ endpoint, publicEndpoint, bucket, prefix = '', accessKey, secretKey }: S3Options): void {
  const steps = prefix.split('/')
  const errors = [
    ...fault('endpoint', isAddress(endpoint), 'must be http://… or https://…'),
    ...fault('publicEndpoint', isAddress(publicEndpoint), 'must be http://… or https://…'),
    ...fault('bucket', /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(bucket), 'must be 3 to 63 of a-z, 0-9, . and -'),
    ...fault('prefix', steps.pop() === '' && steps.every(isPlainStep), 'must be plain steps, each with a / behind it'),
    ...fault('accessKey', accessKey !== '', 'is missing'),
    ...fault('secretKey', secretKey !== '', 'is missing'),
  ]
  if (errors.length === 0) return
  const text = errors.map(({ pointer, reason }) => `${pointer.slice(1)} ${reason}`).join('; ')
  throw new PlatformError('invalid_input', `the object store cannot be reached so: ${text}`, { errors })
}

function fault(name: string, isFine: boolean, reason: string): readonly Fault[] {
  return isFine ? [] : [{ pointer: `/${name}`, reason }]
}

function isAddress(url: string | undefined): boolean {
  return url === undefined || (URL.canParse(url) && ['http:', 'https:'].includes(new URL(url).protocol))
}
