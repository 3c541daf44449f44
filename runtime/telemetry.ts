import { setTimeout as wait } from 'node:timers/promises'
import { samplerOf } from './sampling.ts'
import type { Span, SpanExporter, Spans, SpansOptions } from './spans.ts'
import type { Telemetry } from './telemetry-settings.ts'

/** Spans that may wait until the exporter is there; the next ones are lost. */
const MOST_WAITING = 2048

/** Loads OpenTelemetry's exporter with the first span that ends, so that no start of a process waits for it. */
export function openSpans(settings: Telemetry, { service, failed }: SpansOptions): Spans {
  const samples = samplerOf(settings.sampler, settings.ratio)
  const waiting: Span[] = []
  let exporter: SpanExporter | undefined
  let loading: Promise<void> | undefined

  async function load(): Promise<void> {
    const { openOtlp } = await import('./adapters/otlp.ts')
    exporter = openOtlp(settings, { service, failed })
    for (const span of waiting.splice(0)) exporter.add(span)
  }

  return {
    samples,
    ended(span) {
      if (!span.trace.sampled) return
      if (exporter) return exporter.add(span)
      if (waiting.length < MOST_WAITING) waiting.push(span)
      loading ??= load().catch(failed)
    },
    async close(most) {
      const sent = loading?.then(() => exporter?.close()).catch(failed)
      await Promise.race([sent, wait(most, undefined, { ref: false })])
    },
  }
}
