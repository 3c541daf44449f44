const PROBLEM = {
  invalid_input: { status: 400, title: 'Bad Request' },
  unauthenticated: { status: 401, title: 'Unauthorized' },
  forbidden: { status: 403, title: 'Forbidden' },
  not_found: { status: 404, title: 'Not Found' },
  method_not_allowed: { status: 405, title: 'Method Not Allowed' },
  conflict: { status: 409, title: 'Conflict' },
  in_progress: { status: 409, title: 'Conflict' },
  outcome_unknown: { status: 409, title: 'Conflict' },
  too_large: { status: 413, title: 'Content Too Large' },
  unsupported_media_type: { status: 415, title: 'Unsupported Media Type' },
  unprocessable: { status: 422, title: 'Unprocessable Content' },
  gpu_unavailable: { status: 422, title: 'Unprocessable Content' },
  key_reused: { status: 422, title: 'Unprocessable Content' },
  too_many_requests: { status: 429, title: 'Too Many Requests' },
  internal: { status: 500, title: 'Internal Server Error' },
  unavailable: { status: 503, title: 'Service Unavailable' },
  timeout: { status: 504, title: 'Gateway Timeout' },
} as const

export type Code = keyof typeof PROBLEM
export type ErrorCode = Exclude<Code, 'internal'>

/** One thing wrong with the input: a JSON pointer (RFC 6901) to it, or `line N` of a table, and why. */
export interface Fault {
  readonly pointer: string
  readonly reason: string
}

export interface PlatformErrorOptions extends ErrorOptions {
  readonly errors?: readonly Fault[]
  /** Seconds after which asking again may help; becomes `Retry-After`. */
  readonly retryAfter?: number
}

/** The one error this platform throws on purpose. Anything else is a bug and becomes a 500. */
export class PlatformError extends Error {
  readonly code: ErrorCode
  readonly errors: readonly Fault[] | undefined
  readonly retryAfter: number | undefined

  constructor(code: ErrorCode, message: string, options?: PlatformErrorOptions) {
    super(message, options)
    this.name = 'PlatformError'
    this.code = code
    this.errors = options?.errors
    this.retryAfter = options?.retryAfter
  }
}

/** Names the backing system that failed and keeps what it said as the cause. */
export function unavailable(system: string, cause: unknown): PlatformError {
  return new PlatformError('unavailable', `${system} did not answer`, { cause, retryAfter: 1 })
}

/** The code for an HTTP status that something other than us chose: the first of that status, else `invalid_input`; none for a bug's 5xx. */
export function codeOf(status: number): ErrorCode | undefined {
  const codes = Object.entries(PROBLEM) as [Code, (typeof PROBLEM)[Code]][] // Object.entries forgets the keys' type
  const [code] = codes.find(([, known]) => known.status === status) ?? []
  if (code === undefined) return status < 500 ? 'invalid_input' : undefined
  return code === 'internal' ? undefined : code
}

/** The HTTP status under which a code leaves. */
export function statusOf(code: Code): number {
  return PROBLEM[code].status
}

/** The words of a code's HTTP status. */
export function titleOf(code: Code): string {
  return PROBLEM[code].title
}

/** RFC 9457 problem details, with our stable `code`. */
export interface Problem {
  readonly type: 'about:blank'
  readonly title: string
  readonly status: (typeof PROBLEM)[Code]['status']
  readonly detail: string
  readonly code: Code
  readonly errors?: readonly Fault[]
  /** The W3C trace id under which the log tells more. */
  readonly trace?: string
}

/** The error as its caller sees it, which tells nothing about a bug's inside. */
export function problem(error: unknown, trace?: string): Problem {
  if (error instanceof PlatformError) return describe(error.code, error.message, error.errors, trace)
  return describe('internal', 'unexpected error', undefined, trace)
}

function describe(
  code: Code,
  detail: string,
  errors: readonly Fault[] | undefined,
  trace: string | undefined,
): Problem {
  return {
    type: 'about:blank',
    ...PROBLEM[code],
    detail,
    code,
    ...(errors ? { errors } : {}),
    ...(trace ? { trace } : {}),
  }
}
