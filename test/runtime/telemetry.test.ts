import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { TestContext } from 'node:test'
import { describe, it } from 'node:test'
import * as z from 'zod'
import { openSpans } from '../../runtime/telemetry.ts'
import type { Telemetry } from '../../runtime/telemetry-settings.ts'
import { childOf, continueTrace } from '../../runtime/trace.ts'

const PARENT = `00-${'ab'.repeat(16)}-${'cd'.repeat(8)}-01`
const Attribute = z.object({ key: z.string(), value: z.record(z.string(), z.unknown()) })
/** What OTLP 1.x says of a request's body in JSON (opentelemetry-proto, ExportTraceServiceRequest), as far as we fill it. */
const Body = z.object({
  resourceSpans: z.array(
    z.object({
      resource: z.object({ attributes: z.array(Attribute) }),
      scopeSpans: z.array(
        z.object({
          spans: z.array(
            z.object({
              traceId: z.string().regex(/^[0-9a-f]{32}$/),
              spanId: z.string().regex(/^[0-9a-f]{16}$/),
              parentSpanId: z.string().optional(),
              name: z.string(),
              kind: z.int().min(1).max(5),
              startTimeUnixNano: z.string().regex(/^\d+$/),
              endTimeUnixNano: z.string().regex(/^\d+$/),
              attributes: z.array(Attribute),
              status: z.object({ code: z.int(), message: z.string().optional() }),
            }),
          ),
        }),
      ),
    }),
  ),
})

async function receiver(t: TestContext, status = 200) {
  const bodies: z.infer<typeof Body>[] = []
  const asked: { path: string | undefined; key: unknown }[] = []
  const server = createServer(async (request, response) => {
    asked.push({ path: request.url, key: request.headers['x-key'] })
    let text = ''
    for await (const part of request.setEncoding('utf8')) text += part
    bodies.push(Body.parse(JSON.parse(text)))
    response.writeHead(status, { 'content-type': 'application/json' }).end('{}')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  const { port } = Object(server.address())
  return { url: `http://127.0.0.1:${port}/v1/traces`, bodies, asked }
}

function settings(url: string): Telemetry {
  const rest = { timeout: 1000, service: undefined, attributes: { where: 'here' }, ratio: 1 }
  return { url, headers: { 'x-key': 'secret' }, sampler: 'parentbased_always_on', ...rest }
}

describe('spans', { timeout: 30_000 }, () => {
  it('are sent in OTLP with their service, their parents and their faults when the process ends', async (t) => {
    const { url, bodies, asked } = await receiver(t)
    const spans = openSpans(settings(url), { service: 'toy', failed: assert.ifError })
    const trace = continueTrace(PARENT, spans.samples)
    const at = Date.now()

    spans.ended({ trace, name: 'GET /', kind: 'server', at, ms: 1.5, attributes: { status: 500 }, error: 'no' })
    spans.ended({ trace: childOf(trace), name: 'SELECT', kind: 'client', at, ms: 0.25, attributes: {} })
    await spans.close(5000)

    assert.deepEqual(asked, [{ path: '/v1/traces', key: 'secret' }])
    const [one] = bodies[0]?.resourceSpans ?? []
    const resource = new Map(one?.resource.attributes.map(({ key, value }) => [key, value['stringValue']]))
    assert.deepEqual([resource.get('service.name'), resource.get('where')], ['toy', 'here'])
    const [server, client] = one?.scopeSpans[0]?.spans ?? []
    assert.equal(server?.traceId, 'ab'.repeat(16))
    assert.equal(server?.parentSpanId, 'cd'.repeat(8))
    assert.deepEqual([server?.kind, server?.status], [2, { code: 2, message: 'no' }])
    assert.equal(BigInt(server?.endTimeUnixNano ?? 0) - BigInt(server?.startTimeUnixNano ?? 0), 1_500_000n)
    assert.deepEqual([client?.parentSpanId, client?.kind], [server?.spanId, 3])
  })

  it('that are not sampled are not sent, and load no exporter', async (t) => {
    const { url, asked } = await receiver(t)
    const spans = openSpans(settings(url), { service: 'toy', failed: assert.ifError })
    const trace = continueTrace(PARENT.replace(/01$/, '00'), spans.samples)

    spans.ended({ trace, name: 'GET /', kind: 'server', at: Date.now(), ms: 1, attributes: {} })
    await spans.close(5000)

    assert.deepEqual(asked, [])
  })

  it('get lost when nobody takes them, which is said once', async (t) => {
    const { url } = await receiver(t, 400)
    const faults: unknown[] = []
    const spans = openSpans(settings(url), { service: 'toy', failed: (error) => void faults.push(error) })
    const trace = continueTrace(undefined, spans.samples)

    for (let left = 600; left > 0; left--)
      spans.ended({ trace: childOf(trace), name: 'GET /', kind: 'server', at: Date.now(), ms: 1, attributes: {} })
    await spans.close(5000)

    assert.equal(faults.length, 1)
  })
})
