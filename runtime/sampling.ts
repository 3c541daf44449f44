import type { Sampler } from './trace.ts'

/** OpenTelemetry's names of samplers (`OTEL_TRACES_SAMPLER`). */
export const SAMPLERS = [
  'always_on',
  'always_off',
  'traceidratio',
  'parentbased_always_on',
  'parentbased_always_off',
  'parentbased_traceidratio',
] as const

export type SamplerName = (typeof SAMPLERS)[number]

const BITS = 52

/** Decides as OpenTelemetry's sampler of this name does; `ratio` is the share of traces, 0 to 1. */
export function samplerOf(name: SamplerName, ratio: number): Sampler {
  const alone = name.replace('parentbased_', '')
  const begins = (traceId: string): boolean => {
    if (alone === 'always_on') return true
    // The end of an id is random (W3C Trace Context 2): every process comes to the same answer.
    return alone === 'traceidratio' && Number.parseInt(traceId.slice(-BITS / 4), 16) < ratio * 2 ** BITS
  }
  if (alone === name) return begins
  return (traceId, parent) => parent ?? begins(traceId)
}
