import { PlatformError } from '../errors.ts'

/** What an S3 server said, or why it said nothing, without what the client keeps beside it: requests and keys. */
export class S3Error extends Error {
  /** S3's name of the error, or the system's. */
  readonly code: string
  /** HTTP; 0 where there was no answer. */
  readonly status: number

  constructor(code: string, status: number, message: string) {
    super(message)
    this.name = 'S3Error'
    this.code = code
    this.status = status
  }
}

/** The platform's error for one of the client: `unavailable`, its cause an S3Error. What is ours already stays. */
export function translated(error: unknown): PlatformError {
  if (error instanceof PlatformError) return error
  const cause = plain(error)
  const text = hasNoAnswer(cause)
    ? 'the object store did not answer'
    : `the object store refused: ${cause.code === 'AccessDenied' ? 'these credentials may not do this (AccessDenied)' : `${cause.code}, ${cause.message}`}`
  return new PlatformError('unavailable', text, { cause, retryAfter: 1 })
}

/** S3's name of the error behind ours; empty for an error of another kind. */
export function s3Code(error: unknown): string {
  return error instanceof PlatformError && error.cause instanceof S3Error ? error.cause.code : ''
}

/** Whether asking again may help: there was no whole answer. */
export function isLost(error: unknown): boolean {
  return error instanceof PlatformError && error.cause instanceof S3Error && hasNoAnswer(error.cause)
}

/** For a catch: what is not there is `null`, every other error stays one. */
export function nullIfMissing(error: unknown): null {
  if (['NoSuchKey', 'NotFound', 'NoSuchVersion'].includes(s3Code(error))) return null
  throw error
}

function hasNoAnswer({ status }: S3Error): boolean {
  return status === 0 || (status >= 500 && status !== 501) || status === 429
}

function plain(error: unknown): S3Error {
  if (!(error instanceof Error)) return new S3Error('Unknown', 0, 'unknown')
  const code = 'code' in error && typeof error.code === 'string' ? error.code : error.name
  return new S3Error(code, statusOf(error), error.message)
}

function statusOf(error: Error): number {
  if (!('$metadata' in error) || typeof error.$metadata !== 'object' || error.$metadata === null) return 0
  const { $metadata } = error
  // A body that breaks off or cannot be read comes with the status of its first line, which was fine.
  const status = 'httpStatusCode' in $metadata ? Number($metadata.httpStatusCode) : 0
  return status < 300 ? 0 : status
}
