import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import { request as byHttp } from 'node:http'
import { request as byHttps } from 'node:https'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream'
import { text as wholeText } from 'node:stream/consumers'
import type * as z from 'zod'
import { readEnvironment } from '../../runtime/env.ts'
import { PlatformError } from '../../runtime/errors.ts'
import { problemText } from './problem-text.ts'

export interface Question {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string | readonly string[]>>
  readonly body?: string | Readable
}

export interface Answer {
  readonly status: number
  readonly statusText: string
  readonly headers: IncomingHttpHeaders
  readonly body: IncomingMessage
}

/** Asks a platform, with the token of `MEZZ_TOKEN` unless the question brings its own, and waits for its answer as long as it takes; `unavailable`, in words for its user, when nothing answers there. */
export function ask(url: URL, { method = 'GET', headers: given = {}, body }: Question = {}): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>()
  const byScheme = url.protocol === 'https:' ? byHttps : byHttp
  const { MEZZ_TOKEN: token } = readEnvironment()
  const list = Object.entries({ ...(token ? { authorization: `Bearer ${token}` } : {}), ...given }).map(
    ([name, value]) => [name, typeof value === 'string' ? value : [...value]],
  )
  const request = byScheme(url, { method, headers: Object.fromEntries(list) })
  request.once('response', (answer) => {
    const { statusCode = 0, statusMessage = '', headers } = answer
    const elsewhere = statusCode === 307 && URL.parse(headers.location ?? '', url.href)
    // A stream cannot be sent twice.
    if (elsewhere && elsewhere.origin === url.origin && (body === undefined || typeof body === 'string')) {
      answer.resume()
      return resolve(ask(elsewhere, { method, headers: given, ...(body === undefined ? {} : { body }) }))
    }
    resolve({ status: statusCode, statusText: statusMessage, headers, body: answer })
  })
  request.on('error', (cause) => reject(silent(url, cause)))
  if (body === undefined || typeof body === 'string') request.end(body)
  // A refusal may come while the body still goes out: then the answer counts, not the broken pipe.
  else pipeline(body, request, (error) => error && reject(silent(url, error)))
  return promise
}

/** The JSON of a platform's own route; throws what the platform says is wrong. */
export async function askJson<schema extends z.ZodType>(
  url: URL,
  schema: schema,
  question?: Question,
): Promise<z.output<schema>> {
  const { status, statusText, body } = await ask(url, question)
  const said = await wholeText(body)
  if (status >= 400) {
    const hint = status === 401 ? '\nset MEZZ_TOKEN to one: mezz token makes it, or an issuer of the platform' : ''
    throw new PlatformError(status === 404 ? 'not_found' : 'unprocessable', problemText(said, statusText) + hint)
  }
  const parsed = schema.safeParse(json(said))
  if (parsed.success) return parsed.data
  throw new PlatformError('unprocessable', `what answers at ${url.origin} is no mezz platform of this version`, {
    cause: parsed.error,
  })
}

function json(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function silent(url: URL, cause: Error): Error {
  const file = 'path' in cause && 'syscall' in cause && cause.syscall === 'open' ? `: ${cause.message}` : ''
  if (file) return new PlatformError('invalid_input', `the data cannot be read${file}`, { cause })
  const code = 'code' in cause ? String(cause.code) : ''
  if (['ECONNREFUSED', 'ENOTFOUND', 'EHOSTUNREACH', 'ETIMEDOUT'].includes(code))
    return new PlatformError('unavailable', `no platform answers at ${url.origin}; start one by mezz dev`, { cause })
  return new PlatformError('unavailable', `the connection to ${url.origin} broke: ${cause.message || code}`, { cause })
}
