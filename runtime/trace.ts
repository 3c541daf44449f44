import { randomBytes } from 'node:crypto'

/** Where a request stands in its trace (W3C Trace Context). */
export interface Trace {
  readonly traceId: string
  readonly spanId: string
  /** The span that led here, where there is one. */
  readonly parentId?: string
  readonly sampled: boolean
}

/** Whether a trace is told of; `parent` is what the caller decided, where there is one. */
export type Sampler = (traceId: string, parent: boolean | undefined) => boolean

const TRACEPARENT = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/
const asTheCaller: Sampler = (_traceId, parent = true) => parent

/** Continues the trace of a `traceparent` header with a span of its own; begins one where there is none or a bad one. */
export function continueTrace(header: string | undefined, samples = asTheCaller): Trace {
  const [, traceId, parentId, flags] = TRACEPARENT.exec(header ?? '') ?? []
  const spanId = newSpanId()
  if (!traceId || !parentId || /^0+$/.test(traceId) || /^0+$/.test(parentId)) {
    const begun = randomBytes(16).toString('hex')
    return { traceId: begun, spanId, sampled: samples(begun, undefined) }
  }
  const sampled = samples(traceId, (Number.parseInt(flags ?? '0', 16) & 1) === 1)
  return { traceId, spanId, parentId, sampled }
}

/** A span below this one. */
export function childOf({ traceId, spanId, sampled }: Trace): Trace {
  return { traceId, spanId: newSpanId(), parentId: spanId, sampled }
}

export function traceparent({ traceId, spanId, sampled }: Trace): string {
  return `00-${traceId}-${spanId}-${sampled ? '01' : '00'}`
}

function newSpanId(): string {
  return randomBytes(8).toString('hex')
}
