import type { HrTime } from '@opentelemetry/api'
import { SpanKind, SpanStatusCode, TraceFlags } from '@opentelemetry/api'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { resourceFromAttributes } from '@opentelemetry/resources'
import type { ReadableSpan } from '@opentelemetry/sdk-trace'
import { BatchSpanProcessor } from '@opentelemetry/sdk-trace'
import type { Span, SpanExporter, SpansOptions } from '../spans.ts'
import type { Telemetry } from '../telemetry-settings.ts'
import type { Trace } from '../trace.ts'

const KINDS = {
  internal: SpanKind.INTERNAL,
  server: SpanKind.SERVER,
  client: SpanKind.CLIENT,
  producer: SpanKind.PRODUCER,
  consumer: SpanKind.CONSUMER,
} as const
const SCOPE = { name: 'mezz' }
/** Milliseconds that spans gather before they are sent. */
const GATHER = 1000
/** Spans that wait for a receiver which is away; more are lost. */
const MOST_WAITING = 2048
const MOST_TEXT = 2000

/** Sends spans by OTLP over HTTP, many at once; a receiver that is away costs the spans and nothing else. */
export function openOtlp(
  { url, headers, timeout, service, attributes }: Telemetry,
  { service: own, failed }: SpansOptions,
): SpanExporter {
  const resource = resourceFromAttributes({
    'service.name': service ?? own,
    'service.instance.id': crypto.randomUUID(),
    'process.pid': process.pid,
    'telemetry.sdk.language': 'nodejs',
    ...attributes,
  })
  const exporter = new OTLPTraceExporter({ url, headers: { ...headers }, timeoutMillis: timeout })
  let isLosing = false
  const processor = new BatchSpanProcessor({
    exporter: {
      export(spans, done) {
        exporter.export(spans, (result) => {
          // Once for each time that the receiver goes away.
          if (result.error && !isLosing) failed(result.error)
          isLosing = result.error !== undefined
          done(result)
        })
      },
      shutdown: () => exporter.shutdown(),
    },
    scheduledDelayMillis: GATHER,
    maxQueueSize: MOST_WAITING,
  })

  return {
    add: (span) => processor.onEnd(readable(span, resource)),
    // What could not be sent was told of above.
    close: () => processor.shutdown().catch(() => undefined),
  }
}

function readable(span: Span, resource: ReadableSpan['resource']): ReadableSpan {
  const { trace, name, kind, at, ms, attributes, links = [], error } = span
  const { parentId } = trace
  return {
    name,
    kind: KINDS[kind],
    spanContext: () => contextOf(trace),
    ...(parentId ? { parentSpanContext: contextOf({ ...trace, spanId: parentId }) } : {}),
    startTime: time(at),
    endTime: time(at + ms),
    duration: time(ms),
    status: error === undefined ? { code: SpanStatusCode.UNSET } : failure(error),
    attributes: { ...attributes },
    links: links.map((one) => ({ context: contextOf(one) })),
    events: [],
    ended: true,
    resource,
    instrumentationScope: SCOPE,
    droppedAttributesCount: 0,
    droppedEventsCount: 0,
    droppedLinksCount: 0,
  }
}

function contextOf({ traceId, spanId, sampled }: Trace) {
  return { traceId, spanId, traceFlags: sampled ? TraceFlags.SAMPLED : TraceFlags.NONE }
}

function failure(error: string): ReadableSpan['status'] {
  return { code: SpanStatusCode.ERROR, message: error.slice(0, MOST_TEXT) }
}

/** Seconds and nanoseconds. */
function time(milliseconds: number): HrTime {
  const seconds = Math.floor(milliseconds / 1000)
  return [seconds, Math.round((milliseconds - seconds * 1000) * 1e6)]
}
