import type { IncomingHttpHeaders } from 'node:http'
import { Agent, request } from 'node:http'
import * as z from 'zod'
import { storable } from '../../runtime/storable.ts'
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
const MOST_CODE = 100
const MOST_READ = 1024 * 1024

// Not `fetch`: it gives a target five minutes at most before its answer begins.
const agent = new Agent({ keepAlive: true, maxFreeSockets: 64 })

/** Posts an event to its target in CloudEvents' HTTP binary mode; always answers. */
export async function post(record: LogRecord, target: Target): Promise<Answer> {
  try {
    const { status, headers, text } = await ask(record, target)
    const { 'x-mezz-process': process, 'x-mezz-cold-start': cold } = headers
    return {
      outcome: { status, ...said(status, text), ...retryAfter(headers['retry-after']) },
      process: typeof process === 'string' ? process : undefined,
      coldStartMs: typeof cold === 'string' ? Number(cold) : undefined,
    }
  } catch (error) {
    return { outcome: unanswered(error, target.timeout), process: undefined, coldStartMs: undefined }
  }
}

interface Response {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  /** What its caller may keep of it. */
  readonly text: string
}

function ask(record: LogRecord, { url, token, timeout }: Target): Promise<Response> {
  const body = Buffer.from(record.value)
  const trace = attribute(record, 'traceparent')
  const headers = {
    ...httpHeaders(record),
    authorization: `Bearer ${token}`,
    'content-length': body.byteLength,
    ...(trace ? { traceparent: trace } : {}),
  }
  return new Promise((resolve, reject) => {
    const asked = request(url, { method: 'POST', headers, agent, signal: AbortSignal.timeout(timeout) }, (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (part: string) => {
        if (text.length < MOST_READ) text += part
      })
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }))
      response.on('error', reject)
    })
    asked.on('error', reject)
    asked.end(body)
  })
}

function said(status: number, text: string): Pick<Outcome, 'code' | 'message'> {
  if (status >= 200 && status < 300) return { code: 'ok', message: '' }
  const problem = Problem.safeParse(parsed(text))
  if (problem.success) {
    return { code: storable(problem.data.code, MOST_CODE), message: storable(problem.data.detail ?? '', MOST_SAID) }
  }
  return { code: `http_${status}`, message: storable(text, MOST_SAID) }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** RFC 9110 §10.2.3: seconds or a date. */
function retryAfter(text: string | undefined): { retryAfter?: number } {
  if (text === undefined) return {}
  const milliseconds = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - Date.now()
  return Number.isFinite(milliseconds) ? { retryAfter: Math.max(0, milliseconds) } : {}
}

function unanswered(error: unknown, timeout: number): Outcome {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  if (cause instanceof Error && cause.name === 'TimeoutError') {
    return { status: null, code: 'timeout', message: `no answer within ${timeout / 1000} s` }
  }
  return { status: null, code: 'unreachable', message: cause instanceof Error ? cause.message : String(cause) }
}
