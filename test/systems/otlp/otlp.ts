import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { CELLS, published, someRow } from '../../platform/chain.ts'
import { eventually } from '../../platform/eventually.ts'
import type { Dev } from '../../platform/mezz-dev.ts'
import { startDev } from '../../platform/mezz-dev.ts'
import type { CollectedSpan, Collector } from '../servers/collector.ts'
import { startCollector } from '../servers/collector.ts'

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736'
const CALLER = '00f067aa0ba902b7'
const SERVER = 2
const CLIENT = 3
const PRODUCER = 4
const CONSUMER = 5

describe('an OpenTelemetry collector', { timeout: 600_000 }, () => {
  const root = mkdtempSync(join(tmpdir(), 'mezz-otlp-'))
  let collector: Collector
  let dev: Dev
  before(async () => {
    collector = await startCollector(root)
    dev = await startDev({
      data: join(root, 'data'),
      folder: root,
      idle: '2s',
      env: { OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint, OTEL_SERVICE_NAME: 'shop' },
    })
  })
  after(async () => {
    await dev?.stop()
    await collector?.stop()
    rmSync(root, { recursive: true, force: true })
  })

  async function send(path: string, init: RequestInit & { readonly type: string; readonly flags?: string }) {
    const headers = { 'content-type': init.type, traceparent: `00-${TRACE}-${CALLER}-${init.flags ?? '01'}` }
    const answer = await fetch(`${dev.url}/default${path}`, { ...init, headers })
    assert.ok(answer.ok, await answer.text())
  }
  const ofTrace = () => collector.spans().filter(({ traceId }) => traceId === TRACE)

  it('gets one connected trace from a dataset to a prediction, with every function in it', async () => {
    const { name, file, target, task } = CELLS
    const json = 'application/json'
    const pipeline = JSON.stringify({ dataset: name, target, task })
    await send(`/train/pipelines/${name}`, { method: 'PUT', type: json, body: pipeline })
    await send(`/ingest/datasets?name=${name}`, { method: 'POST', type: 'text/csv', body: readFileSync(file) })
    await published(dev.url, name, 120)
    const rows = [await someRow(dev.url, name)]
    await send(`/infer/models/${name}/predict`, { method: 'POST', type: json, body: JSON.stringify({ rows }) })

    const functions = ['ingest', 'features', 'train', 'convert', 'publish', 'infer']
    const services = () => new Set(ofTrace().map(({ service }) => service))
    await eventually('spans of all functions', async () =>
      [...functions, 'gateway', 'engine'].every((one) => services().has(one)),
    )
    // What is on its way still: each is sent within a second of its end.
    const spans = await eventually('a trace without holes', async () => isConnected(ofTrace()) && ofTrace())

    assert.deepEqual(new Set(spans.map(({ namespace }) => namespace)), new Set(['shop']))
    for (const { name, startTimeUnixNano: start, endTimeUnixNano: end } of spans) assert.ok(end >= start, name)
    const byId = new Map(spans.map((span) => [span.spanId, span]))
    const parentOf = (span: CollectedSpan) => byId.get(span.parentSpanId)
    const delivered = spans.filter(({ kind, service }) => kind === CONSUMER && service === 'engine')
    assert.ok(delivered.length >= 5, `${delivered.length} deliveries`)
    for (const one of delivered) {
      const from = parentOf(one)
      // The engine's own events lie within the job that they tell of.
      assert.ok(from?.kind === PRODUCER || from?.name.startsWith('job '), `${one.name} in ${from?.name}`)
    }
    for (const one of spans.filter(({ kind, service }) => kind === SERVER && service !== 'gateway')) {
      assert.equal(parentOf(one)?.service, 'gateway', `${one.service} ${one.name}`)
    }
    assert.ok(spans.some(({ name }) => name === 'job train/gbdt'))
    assert.ok(spans.some(({ name }) => name === 'relay datasets'))
    const statement = spans.find(({ kind, service }) => kind === CLIENT && service === 'features')
    assert.equal(statement?.attributes.get('db.system.name'), 'postgresql')
    const entered = spans.find(({ name, service }) => name === 'POST /datasets' && service === 'ingest')
    assert.equal(entered?.attributes.get('http.response.status_code'), 201)
  })

  it('gets nothing of what its caller does not trace', async () => {
    const before = ofTrace().length

    const one = { method: 'POST', type: 'text/csv', body: 'a,b\n1,2\n' }
    await send('/ingest/datasets?name=untold', { ...one, flags: '00' })
    await send('/ingest/datasets?name=told', one)
    const later = await eventually('the second', async () => {
      const spans = ofTrace().slice(before)
      return spans.some(({ service, name }) => service === 'ingest' && name === 'POST /datasets') && spans
    })

    assert.equal(later.filter(({ service, name }) => service === 'ingest' && name === 'POST /datasets').length, 1)
  })

  it('may go away: all answers as before, and the platform ends well', async () => {
    await collector.kill()

    await send('/ingest/datasets?name=alone', { method: 'POST', type: 'text/csv', body: 'a,b\n1,2\n' })

    assert.equal(await dev.stop(), 0)
  })
})

/** Every span but the caller's lies within one that is there. */
function isConnected(spans: readonly CollectedSpan[]): boolean {
  const ids = new Set([CALLER, ...spans.map(({ spanId }) => spanId)])
  return spans.length > 0 && spans.every(({ parentSpanId }) => ids.has(parentSpanId))
}
