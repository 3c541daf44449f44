import type { RequestContext } from '../context.ts'
import { requestContext } from '../context.ts'
import type { Query } from '../ports.ts'
import type { Span, Spans } from '../spans.ts'
import { spanned } from '../spans.ts'
import type { Trace } from '../trace.ts'
import { childOf, traceparent } from '../trace.ts'

/** Who is told, and the span that it happens in. */
export interface Telling {
  readonly spans: Spans
  readonly trace: Trace
}

const MOST_TEXT = 4000
const SYSTEM = { 'db.system.name': 'postgresql' } as const

/** Nothing where there is nobody to tell, or the trace is not told of. */
export function tellingOf(context: RequestContext | undefined): Telling | undefined {
  return context?.spans && context.trace.sampled ? { spans: context.spans, trace: context.trace } : undefined
}

/** Tells of each statement, by its text without its values (semantic conventions for databases); by default in the request under way. */
export function toldQuery(query: Query, within?: Telling): Query {
  return (text, ...values) => {
    const telling = within ?? tellingOf(requestContext.getStore())
    if (!telling) return query(text, ...values)
    const statement = text.reduce((whole, part, at) => `${whole}$${at}${part}`).trim()
    const operation = /^\w+/.exec(statement)?.[0].toUpperCase() ?? 'SQL'
    const attributes = { ...SYSTEM, 'db.operation.name': operation, 'db.query.text': statement.slice(0, MOST_TEXT) }
    const span = { trace: childOf(telling.trace), name: operation, kind: 'client', attributes } as const
    return spanned(telling.spans, span, () => query(text, ...values))
  }
}

/** Tells of a transaction, whose statements lie within it. */
export function toldTransaction<result>(
  telling: Telling | undefined,
  work: (within: Telling | undefined) => Promise<result>,
): Promise<result> {
  if (!telling) return work(undefined)
  const { spans } = telling
  const trace = childOf(telling.trace)
  const span = { trace, name: 'transaction', kind: 'internal', attributes: SYSTEM } as const
  return spanned(spans, span, () => work({ spans, trace }))
}

interface Said {
  readonly id: string
  readonly type: string
  readonly topic: string
  readonly key: string
}

/** The creation of events (semantic conventions for messaging): each has a span of its own, in which all that follows from it lies. */
export function emitSpans(telling: Telling | undefined) {
  const created: Omit<Span, 'ms'>[] = []

  return {
    /** The event's own place in the trace. */
    of({ id, type, topic, key }: Said): { readonly traceparent?: string } {
      if (!telling) return {}
      const trace = childOf(telling.trace)
      created.push({
        trace,
        name: `emit ${topic}`,
        kind: 'producer',
        at: Date.now(),
        attributes: {
          'messaging.system': 'mezz',
          'messaging.operation.name': 'emit',
          'messaging.operation.type': 'create',
          'messaging.destination.name': topic,
          'messaging.message.id': id,
          'mezz.event.type': type,
          'mezz.event.key': key,
        },
      })
      return { traceparent: traceparent(trace) }
    },
    /** After the commit: what was rolled back was never said. */
    tell(): void {
      for (const span of created) telling?.spans.ended({ ...span, ms: Math.max(0, Date.now() - span.at) })
    },
  }
}
