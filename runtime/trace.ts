import { randomBytes } from 'node:crypto'

/** Where a request stands in its trace (W3C Trace Context). */
export interface Trace {
  readonly traceId: string
  readonly spanId: string
  readonly sampled: boolean
}

const TRACEPARENT = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/

/** Continues the trace of a `traceparent` header with a span of its own; begins one where there is none or a bad one. */
export function continueTrace(header: string | undefined): Trace {
  const [, traceId, parent, flags] = TRACEPARENT.exec(header ?? '') ?? []
  const spanId = randomBytes(8).toString('hex')
  if (!traceId || !parent || /^0+$/.test(traceId) || /^0+$/.test(parent)) {
    return { traceId: randomBytes(16).toString('hex'), spanId, sampled: true }
  }
  return { traceId, spanId, sampled: (Number.parseInt(flags ?? '0', 16) & 1) === 1 }
}

export function traceparent({ traceId, spanId, sampled }: Trace): string {
  return `00-${traceId}-${spanId}-${sampled ? '01' : '00'}`
}
