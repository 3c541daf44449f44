import type { Context } from 'hono'
import { matchedRoutes } from 'hono/route'
import type { RequestContext } from './context.ts'
import type { Span } from './spans.ts'

/** Asked by machines all the time, and of no trace. */
const UNTOLD = /\/(health\/\w+|metrics)$/

/** Tells of a request that has its answer, if its trace is told of at all: a server span (semantic conventions for HTTP), with the event that it brought. */
export function tellRequest(c: Context, { trace, spans, event }: RequestContext, begun: Pick<Span, 'at' | 'ms'>): void {
  if (!spans || !trace.sampled || UNTOLD.test(c.req.path)) return
  const { method } = c.req
  const { status } = c.res
  const route = matchedRoutes(c).findLast((one) => one.method !== 'ALL')?.path
  const failed = status >= 500
  spans.ended({
    ...begun,
    trace,
    name: route ? `${method} ${route}` : method,
    kind: 'server',
    attributes: {
      'http.request.method': method,
      'url.scheme': 'http',
      'url.path': c.req.path,
      'http.response.status_code': status,
      ...(route ? { 'http.route': route } : {}),
      ...(failed ? { 'error.type': String(status) } : {}),
      ...(event
        ? {
            'cloudevents.event_id': event.id,
            'cloudevents.event_source': event.source,
            'cloudevents.event_type': event.type,
            'cloudevents.event_spec_version': '1.0',
          }
        : {}),
    },
    error: failed ? (c.error?.message ?? `answered ${status}`) : undefined,
  })
}
