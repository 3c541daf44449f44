import type { IncomingHttpHeaders } from 'node:http'
import { Agent, request } from 'node:http'
import * as z from 'zod'
import { storable } from '../../runtime/storable.ts'
import type { LogRecord } from '../../runtime/topics.ts'
import type { Outcome } from './core/policy.ts'
import { attribute, httpHeaders, structured } from './wire.ts'

/** Where a function is reached, and by what token. */
export interface Target {
  readonly url: string
  readonly token: string
  /** Milliseconds until the answer must be there. */
  readonly timeout: number
  /** The span that the post lies in, where it is not the event's own. */
  readonly traceparent?: string | undefined
}

/** How an attempt ended, and who served it. */
export interface Answer {
  readonly outcome: Outcome
  readonly process: string | undefined
  readonly coldStartMs: number | undefined
}

const Problem = z.object({ code: z.string(), detail: z.string().optional() })
const Items = z.object({
  items: z.array(
    z.object({
      id: z.string(),
      status: z.int(),
      code: z.string().optional(),
      detail: z.string().optional(),
      /** Seconds. */
      retryAfter: z.number().nonnegative().optional(),
    }),
  ),
})
const MOST_SAID = 2000
const MOST_CODE = 100
const MOST_READ = 1024 * 1024

// Not `fetch`: it gives a target five minutes at most before its answer begins.
const agent = new Agent({ keepAlive: true, maxFreeSockets: 64 })

/** Posts an event to its target in CloudEvents' HTTP binary mode; always answers. */
export async function post(record: LogRecord, target: Target): Promise<Answer> {
  const traceparent = target.traceparent ?? attribute(record, 'traceparent')
  const headers = { ...httpHeaders(record), ...(traceparent ? { traceparent } : {}) }
  try {
    return answerOf(await ask({ headers, body: record.value }, target))
  } catch (error) {
    return { outcome: unanswered(error, target.timeout), process: undefined, coldStartMs: undefined }
  }
}

/** Posts several events in CloudEvents' HTTP batch mode (v1.0.2 §3.3); answers for each, in their order, as the target did in `{items: [{id, status, …}]}`. */
export async function postBatch(records: readonly LogRecord[], target: Target): Promise<readonly Answer[]> {
  const { traceparent } = target
  const headers = { 'content-type': 'application/cloudevents-batch+json', ...(traceparent ? { traceparent } : {}) }
  try {
    const response = await ask({ headers, body: `[${records.map(structured).join()}]` }, target)
    const whole = answerOf(response)
    if (response.status < 200 || response.status >= 300) return records.map(() => whole)
    const items = Items.safeParse(parsed(response.text)).data?.items ?? []
    return records.map((record) => ({
      ...whole,
      outcome: itemOutcome(items.find(({ id }) => id === attribute(record, 'id'))),
    }))
  } catch (error) {
    const outcome = unanswered(error, target.timeout)
    return records.map(() => ({ outcome, process: undefined, coldStartMs: undefined }))
  }
}

function answerOf({ status, headers, text }: Response): Answer {
  const of = (name: string): string | undefined => {
    const value = headers[name]
    return typeof value === 'string' ? value : undefined
  }
  const cold = of('x-mezz-cold-start')
  const version = of('x-mezz-version')
  return {
    outcome: { status, ...told(status, text), ...retryAfter(headers['retry-after']), ...(version ? { version } : {}) },
    process: of('x-mezz-process'),
    coldStartMs: cold === undefined ? undefined : Number(cold),
  }
}

function itemOutcome(item: z.infer<typeof Items>['items'][number] | undefined): Outcome {
  if (!item)
    return { status: null, code: 'unanswered', message: 'the target did not answer for this event of the batch' }
  const { status, code = `http_${status}`, detail = '', retryAfter: seconds } = item
  if (status >= 200 && status < 300) return { status, code: 'ok', message: '' }
  const after = seconds === undefined ? {} : { retryAfter: seconds * 1000 }
  return { status, code: storable(code, MOST_CODE), message: storable(detail, MOST_SAID), ...after }
}

/** Nothing was sent: the engine itself could not. */
export function undelivered(error: unknown): Answer {
  const message = error instanceof Error ? error.message : String(error)
  return { outcome: { status: null, code: 'undelivered', message }, process: undefined, coldStartMs: undefined }
}

interface Response {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  /** What its caller may keep of it. */
  readonly text: string
}

function ask(
  sent: { readonly headers: Readonly<Record<string, string>>; readonly body: string },
  { url, token, timeout }: Target,
): Promise<Response> {
  const body = Buffer.from(sent.body)
  const headers = { ...sent.headers, authorization: `Bearer ${token}`, 'content-length': body.byteLength }
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

function told(status: number, text: string): Pick<Outcome, 'code' | 'message'> {
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
