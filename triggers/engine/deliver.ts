import * as z from 'zod'
import type { LogRecord } from '../../runtime/topics.ts'
import type { Outcome } from './core/policy.ts'
import { attribute, httpHeaders } from './wire.ts'

/** Where a function is reached, and by what token. */
export interface Target {
  readonly url: string
  readonly token: string
  /** Milliseconds until the answer must be there. */
  readonly timeout: number
}

/** How an attempt ended, and who served it. */
export interface Answer {
  readonly outcome: Outcome
  readonly process: string | undefined
  readonly coldStartMs: number | undefined
}

const Problem = z.object({ code: z.string(), detail: z.string().optional() })
const MOST_SAID = 2000

/** Posts an event to its target in CloudEvents' HTTP binary mode; always answers. */
export async function post(record: LogRecord, { url, token, timeout }: Target): Promise<Answer> {
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: {
        ...httpHeaders(record),
        authorization: `Bearer ${token}`,
        ...(attribute(record, 'traceparent') ? { traceparent: attribute(record, 'traceparent') } : {}),
      },
      body: record.value,
      redirect: 'manual',
      signal: AbortSignal.timeout(timeout),
    })
    const text = await response.text()
    const cold = response.headers.get('x-mezz-cold-start')
    return {
      outcome: { status: response.status, ...said(response, text), ...retryAfter(response) },
      process: response.headers.get('x-mezz-process') ?? undefined,
      coldStartMs: cold === null ? undefined : Number(cold),
    }
  } catch (error) {
    return { outcome: unanswered(error, timeout), process: undefined, coldStartMs: undefined }
  }
}

function said(response: Response, text: string): Pick<Outcome, 'code' | 'message'> {
  if (response.ok) return { code: 'ok', message: '' }
  const problem = Problem.safeParse(parsed(text))
  if (problem.success) return { code: problem.data.code, message: problem.data.detail ?? '' }
  return { code: `http_${response.status}`, message: text.slice(0, MOST_SAID) }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** RFC 9110 §10.2.3: seconds or a date. */
function retryAfter(response: Response): { retryAfter?: number } {
  const text = response.headers.get('retry-after')
  if (text === null) return {}
  const milliseconds = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - Date.now()
  return Number.isFinite(milliseconds) ? { retryAfter: Math.max(0, milliseconds) } : {}
}

function unanswered(error: unknown, timeout: number): Outcome {
  if (error instanceof Error && error.name === 'TimeoutError') {
    return { status: null, code: 'timeout', message: `no answer within ${timeout / 1000} s` }
  }
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  return { status: null, code: 'unreachable', message: cause instanceof Error ? cause.message : String(cause) }
}
