import type { IncomingMessage, ServerResponse } from 'node:http'
import { PlatformError, problem } from '../../runtime/errors.ts'
import { challengeOf } from '../../runtime/refusal.ts'

/** Milliseconds in which the sender of a body that nobody wants may finish it. */
const LINGER = 1000

/** Answers with the error as RFC 9457 problem details; an answer that has begun is cut, so that nobody takes it for whole. */
export function refuse(request: IncomingMessage, response: ServerResponse, error: unknown): void {
  if (response.destroyed) return
  if (response.headersSent) {
    response.destroy()
    return
  }
  const document = problem(error)
  const body = JSON.stringify(document)
  const challenge = challengeOf(error)
  response.writeHead(document.status, {
    'Content-Type': 'application/problem+json',
    'Content-Length': Buffer.byteLength(body),
    ...(error instanceof PlatformError && error.retryAfter ? { 'Retry-After': String(error.retryAfter) } : {}),
    ...(challenge ? { 'WWW-Authenticate': challenge } : {}),
    // What is left of a body is not worth waiting for.
    ...(request.complete ? {} : { Connection: 'close' }),
  })
  if (request.complete) return void response.end(body)
  // A connection that is closed while bytes come in is reset, and the answer may be lost with it (RFC 9112 §9.6).
  response.write(body)
  request.resume()
  const end = () => response.end()
  const late = setTimeout(end, LINGER)
  request.once('close', () => clearTimeout(late)).once('end', end)
}
