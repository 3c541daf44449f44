import { execFileSync } from 'node:child_process'
import { hash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import * as z from 'zod'
import { freePort } from '../../../build/local/free-port.ts'
import { kept } from './cache.ts'
import type { Server } from './server.ts'
import { startServer } from './server.ts'

const SOURCE = fileURLToPath(new URL('collector', import.meta.url))

const Value = z.object({ stringValue: z.string().optional(), intValue: z.coerce.number().optional() })
const Attributes = z
  .array(z.object({ key: z.string(), value: Value }))
  .default([])
  .transform((all) => new Map(all.map(({ key, value }) => [key, value.stringValue ?? value.intValue])))
const Span = z.object({
  traceId: z.string(),
  spanId: z.string(),
  parentSpanId: z.string().default(''),
  name: z.string(),
  kind: z.number(),
  startTimeUnixNano: z.coerce.bigint(),
  endTimeUnixNano: z.coerce.bigint(),
  attributes: Attributes,
})
const Line = z.object({
  resourceSpans: z.array(
    z.object({
      resource: z.object({ attributes: Attributes }),
      scopeSpans: z.array(z.object({ spans: z.array(Span) })),
    }),
  ),
})

/** A span as the collector has understood it. */
export type CollectedSpan = z.infer<typeof Span> & { readonly service: string; readonly namespace: string }

export interface Collector extends Server {
  readonly endpoint: string
  spans(): readonly CollectedSpan[]
}

/** The OpenTelemetry Collector, built by Go's own client once and kept; it receives OTLP over HTTP and keeps what it took in this folder. */
export async function startCollector(folder: string): Promise<Collector> {
  const program = collector()
  const port = await freePort()
  const taken = join(folder, 'traces.json')
  const config = {
    receivers: { otlp: { protocols: { http: { endpoint: `127.0.0.1:${port}` } } } },
    exporters: { file: { path: taken, append: true, flush_interval: '100ms' } },
    service: {
      telemetry: { metrics: { level: 'none' } },
      pipelines: { traces: { receivers: ['otlp'], exporters: ['file'] } },
    },
  }
  // JSON is YAML.
  writeFileSync(join(folder, 'collector.yaml'), JSON.stringify(config))
  const server = await startServer({
    command: program,
    args: ['--config', `file:${join(folder, 'collector.yaml')}`],
    log: join(folder, 'collector.log'),
    isReady: async () => (await fetch(`http://127.0.0.1:${port}/`).catch(() => undefined)) !== undefined,
  })
  return {
    ...server,
    pid: server.pid,
    endpoint: `http://127.0.0.1:${port}`,
    spans() {
      const lines = existsSync(taken) ? readFileSync(taken, 'utf8').split('\n').slice(0, -1) : []
      return lines.flatMap((line) =>
        Line.parse(JSON.parse(line)).resourceSpans.flatMap(({ resource: { attributes }, scopeSpans }) =>
          scopeSpans.flatMap(({ spans }) =>
            spans.map((span) => ({
              ...span,
              service: String(attributes.get('service.name')),
              namespace: String(attributes.get('service.namespace')),
            })),
          ),
        ),
      )
    },
  }
}

function collector(): string {
  const files = ['main.go', 'go.mod', 'go.sum'].map((name) => readFileSync(join(SOURCE, name)))
  const digest = hash('sha256', Buffer.concat(files)).slice(0, 16)
  const folder = kept(`otelcol-${digest}`, (making) => {
    const args = ['build', '-trimpath', '-ldflags', '-s -w', '-o', join(making, 'otelcol'), '.']
    execFileSync('go', args, { cwd: SOURCE, stdio: 'inherit' })
  })
  return join(folder, 'otelcol')
}
