import * as z from 'zod'
import type { SamplerName } from './sampling.ts'
import { SAMPLERS } from './sampling.ts'

/** Where traces are sent, and as what. */
export interface Telemetry {
  /** Takes OTLP over HTTP: `…/v1/traces`. */
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  /** Milliseconds that one export may take. */
  readonly timeout: number
  readonly service: string | undefined
  /** More of the resource. */
  readonly attributes: Readonly<Record<string, string>>
  readonly sampler: SamplerName
  readonly ratio: number
}

const Url = given(z.url({ protocol: /^https?$/, error: 'must be an http:// or https:// URL' }))
/** `key=value,key=value`, percent-encoded as in W3C Baggage. */
const Pairs = given(
  z
    .string()
    .regex(/^\s*[^=,\s]+\s*=[^,]*(,\s*[^=,\s]+\s*=[^,]*)*$/, 'must be like key=value,other=value')
    .transform((text, context) => {
      try {
        const pairs = text.split(',').map((pair) => pair.split('='))
        return Object.fromEntries(pairs.map(([key = '', ...value]) => [decode(key), decode(value.join('='))]))
      } catch {
        context.addIssue({ code: 'custom', message: 'holds a percent sign that encodes nothing' })
        return z.NEVER
      }
    }),
)

/** OpenTelemetry's own variables that are understood here (environment variable specification 1.x); an empty one is as good as none. */
export const TELEMETRY = {
  OTEL_SDK_DISABLED: given(z.string().transform((text) => text.toLowerCase() === 'true')),
  OTEL_TRACES_EXPORTER: given(z.enum(['otlp', 'none'])),
  OTEL_EXPORTER_OTLP_ENDPOINT: Url,
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: Url,
  OTEL_EXPORTER_OTLP_HEADERS: Pairs,
  OTEL_EXPORTER_OTLP_TRACES_HEADERS: Pairs,
  // A receiver of one takes the other at the same address; gRPC has an address of its own.
  OTEL_EXPORTER_OTLP_PROTOCOL: given(z.enum(['http/json', 'http/protobuf'])),
  OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: given(z.enum(['http/json', 'http/protobuf'])),
  OTEL_EXPORTER_OTLP_TIMEOUT: given(z.coerce.number().int().positive()),
  OTEL_SERVICE_NAME: given(z.string()),
  OTEL_RESOURCE_ATTRIBUTES: Pairs,
  OTEL_TRACES_SAMPLER: given(z.enum(SAMPLERS)),
  OTEL_TRACES_SAMPLER_ARG: given(z.coerce.number().min(0).max(1)),
}

/** Never shown: they hold keys. */
export const TELEMETRY_SECRETS: readonly string[] = ['OTEL_EXPORTER_OTLP_HEADERS', 'OTEL_EXPORTER_OTLP_TRACES_HEADERS']

const Read = z.object(TELEMETRY)
const TIMEOUT = 10_000

/** Nothing where no endpoint is named, or telemetry is switched off. */
export function telemetryOf(read: z.infer<typeof Read>): Telemetry | undefined {
  const { OTEL_EXPORTER_OTLP_ENDPOINT: base, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: own } = read
  const url = own ?? (base === undefined ? undefined : `${base.replace(/\/$/, '')}/v1/traces`)
  if (url === undefined || read.OTEL_SDK_DISABLED || read.OTEL_TRACES_EXPORTER === 'none') return undefined
  const { 'service.name': named, ...attributes } = read.OTEL_RESOURCE_ATTRIBUTES ?? {}
  return {
    url,
    headers: { ...read.OTEL_EXPORTER_OTLP_HEADERS, ...read.OTEL_EXPORTER_OTLP_TRACES_HEADERS },
    timeout: read.OTEL_EXPORTER_OTLP_TIMEOUT ?? TIMEOUT,
    service: read.OTEL_SERVICE_NAME ?? named,
    attributes,
    sampler: read.OTEL_TRACES_SAMPLER ?? 'parentbased_always_on',
    ratio: read.OTEL_TRACES_SAMPLER_ARG ?? 1,
  }
}

function given<schema extends z.ZodType>(schema: schema) {
  return z.preprocess((text) => (text === '' ? undefined : text), schema.optional()).optional()
}

function decode(text: string): string {
  return decodeURIComponent(text.trim())
}
