import type { IncomingMessage } from 'node:http'
import { proxiedScheme } from '../../runtime/browser.ts'

/** RFC 9110 §7.6.1, and `Expect`, which our own server has answered already. */
const HOP_BY_HOP = new Set([
  'connection',
  'expect',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

/** What the gateway alone may say. */
const OURS = new Set(['x-forwarded-for', 'x-forwarded-host', 'x-forwarded-prefix', 'x-forwarded-proto', 'x-mezz-guard'])

/** Names and values in turn, as `node:http` takes them. */
export type RawHeaders = readonly string[]

interface ToProcess {
  readonly prefix: string
  readonly guard: string | undefined
  /** In place of the request's own. */
  readonly traceparent?: string | undefined
}

/** The headers that a process gets for this request: all but those of the connection, and where the request came in. */
export function toProcess(request: IncomingMessage, { prefix, guard, traceparent }: ToProcess): string[] {
  const { host = '', 'transfer-encoding': encoding, 'content-length': length } = request.headers
  const headers = pass(request, (name) => OURS.has(name) || (traceparent !== undefined && name === 'traceparent'))
  const before = request.headersDistinct['x-forwarded-for'] ?? []
  headers.push('X-Forwarded-For', [...before, request.socket.remoteAddress ?? '127.0.0.1'].join(', '))
  headers.push(
    'X-Forwarded-Proto',
    proxiedScheme((name) => request.headersDistinct[name]?.join(', ')),
  )
  headers.push('X-Forwarded-Host', host)
  if (prefix) headers.push('X-Forwarded-Prefix', prefix)
  if (traceparent) headers.push('traceparent', traceparent)
  if (guard) headers.push('X-Mezz-Guard', guard)
  if (encoding) headers.push('Transfer-Encoding', 'chunked')
  // A POST without a body says so; node:http would announce chunks.
  else if (length === undefined && /^(POST|PUT|PATCH)$/.test(request.method ?? '')) headers.push('Content-Length', '0')
  return headers
}

/** The headers that the caller gets of a process' answer: `Location` as the caller has to ask for it. */
export function toCaller(
  answer: IncomingMessage,
  { prefix, origins }: { readonly prefix: string; readonly origins: readonly string[] },
): string[] {
  const headers = pass(answer, () => false)
  for (let at = 0; at < headers.length; at += 2) {
    if (/^(content-)?location$/i.test(headers[at] ?? ''))
      headers[at + 1] = relocate(headers[at + 1] ?? '', prefix, origins)
  }
  return headers
}

/** A location that a function names without its prefix, with it; a foreign or a relative one as it is. The first origin is the caller's. */
export function relocate(location: string, prefix: string, origins: readonly string[]): string {
  const origin = origins.find((one) => location === one || location.startsWith(`${one}/`)) ?? ''
  const path = location.slice(origin.length)
  if (!origin && (!path.startsWith('/') || path.startsWith('//'))) return location
  const known = path === prefix || path.startsWith(`${prefix}/`)
  return `${origin && origins[0]}${known ? '' : prefix}${path}`
}

function pass(message: IncomingMessage, drop: (name: string) => boolean): string[] {
  const named = (message.headers.connection ?? '').toLowerCase().split(/\s*,\s*/)
  const headers: string[] = []
  for (let at = 0; at < message.rawHeaders.length; at += 2) {
    const name = message.rawHeaders[at] ?? ''
    const key = name.toLowerCase()
    if (HOP_BY_HOP.has(key) || named.includes(key) || drop(key)) continue
    headers.push(name, message.rawHeaders[at + 1] ?? '')
  }
  return headers
}
