import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Spans } from '../../runtime/spans.ts'
import { continueTrace, traceparent } from '../../runtime/trace.ts'

/** Tells of a request that goes on to a function, from its arrival to the last byte of its answer; answers with the `traceparent` under which it goes on. */
export function passageSpan(spans: Spans, { request, response, team, name }: PassageOptions): string {
  const trace = continueTrace(one(request.headers['traceparent']), spans.samples)
  const at = Date.now()
  const begun = performance.now()
  const { method = '' } = request
  const route = `/${team}/${name}/*`
  response.once('close', () => {
    const { statusCode: status, writableFinished } = response
    const fault = writableFinished ? (status >= 500 ? String(status) : undefined) : 'aborted'
    spans.ended({
      trace,
      name: `${method} ${route}`,
      kind: 'server',
      at,
      ms: performance.now() - begun,
      attributes: {
        'http.request.method': method,
        'http.route': route,
        'http.response.status_code': status,
        'url.scheme': 'http',
        'url.path': (request.url ?? '').replace(/\?.*/s, ''),
        'mezz.function': name,
        ...(fault ? { 'error.type': fault } : {}),
      },
      error: fault,
    })
  })
  return traceparent(trace)
}

interface PassageOptions {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly team: string
  readonly name: string
}

function one(header: string | readonly string[] | undefined): string | undefined {
  return typeof header === 'string' ? header : undefined
}
