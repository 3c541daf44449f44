import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import * as z from 'zod'
import { toy, write } from '../../build/local/toys.ts'
import { eventually } from '../../platform/eventually.ts'
import type { Dev } from '../../platform/mezz-dev.ts'
import { startDev } from '../../platform/mezz-dev.ts'
import type { Prometheus } from '../servers/prometheus.ts'
import { startPrometheus } from '../servers/prometheus.ts'

const STARTS = 20
const REQUESTS = 1000
const Status = z.object({ functions: z.array(z.object({ name: z.string(), processes: z.number() })) })
const COUNT = 'sum(mezz_request_seconds_count{function="brief"})'

describe('a real Prometheus', { timeout: 600_000 }, () => {
  const root = mkdtempSync(join(tmpdir(), 'mezz-prometheus-'))
  const pids = new Set<string>()
  let dev: Dev
  let prometheus: Prometheus
  before(async () => {
    write(root, { 'functions/brief/function.ts': toy('brief', { more: 'scale: { idle: 0.1, max: 1 },' }) })
    dev = await startDev({ data: join(root, 'data'), folder: root })
    prometheus = await startPrometheus(root, { host: new URL(dev.url).host, path: '/_mezz/metrics' })
  })
  after(async () => {
    await prometheus?.stop()
    await dev?.stop()
    rmSync(root, { recursive: true, force: true })
  })

  async function ask(): Promise<void> {
    const answer = await fetch(`${dev.url}/default/brief/`)
    pids.add(answer.headers.get('x-mezz-process') ?? '')
    assert.equal(await answer.text(), 'hello')
  }
  const isAtRest = () =>
    eventually('no process', async () => {
      const { functions } = Status.parse(await (await fetch(`${dev.url}/_mezz/status`)).json())
      return functions.find(({ name }) => name === 'brief')?.processes === 0
    })

  it('sees exactly 1,000 requests that were answered by 20 processes, of which none lives', async () => {
    for (let start = 1; start <= STARTS; start++) {
      for (let left = REQUESTS / STARTS; left > 0; left -= 10) await Promise.all(Array.from({ length: 10 }, ask))
      await isAtRest()
    }
    assert.equal(pids.size, STARTS)

    await eventually('1,000', async () => (await prometheus.value(COUNT)) === REQUESTS, 30)

    assert.equal(await prometheus.value('sum(mezz_request_seconds_bucket{function="brief",le="+Inf"})'), REQUESTS)
    assert.equal(await prometheus.value('mezz_gateway_requests_total{function="brief"}'), REQUESTS)
    assert.equal((await prometheus.value('sum(mezz_processes_lost_total{function="brief"})')) ?? 0, 0)
    assert.equal(await prometheus.value('up{job="mezz"}'), 1)
  })

  it('is told of a process that was killed, and misses no more than its last second', async () => {
    await ask()
    const [pid] = [...pids].slice(-1)

    process.kill(Number(pid?.replace('brief-', '')), 'SIGKILL')
    await eventually('the loss', async () => (await prometheus.value('mezz_processes_lost_total')) === 1, 30)
    await ask()
    await isAtRest()

    await eventually('what came later', async () => ((await prometheus.value(COUNT)) ?? 0) > REQUESTS, 30)
    const counted = (await prometheus.value(COUNT)) ?? 0
    assert.ok(counted === REQUESTS + 1 || counted === REQUESTS + 2, `${counted}`)
    assert.equal(await prometheus.value('mezz_gateway_requests_total{function="brief"}'), REQUESTS + 2)
  })

  it("finds the engine's own series", async () => {
    for (const name of ['lag', 'in_flight', 'parked', 'dead_letters', 'running'])
      assert.notEqual(await prometheus.value(`sum(mezz_trigger_${name})`), undefined, name)
  })
})
