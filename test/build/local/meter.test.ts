import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import type { TestContext } from 'node:test'
import { describe, it } from 'node:test'
import { openMeter } from '../../../build/local/meter.ts'
import { processUsage } from '../../../build/local/process-usage.ts'
import type { UsageReport } from '../../../runtime/usage.ts'
import { get, program, setup, until } from './setup.ts'

/** A meter whose store keeps what it is given, and whose answers a test may take away. */
function metered(t: TestContext) {
  const reports: UsageReport[] = []
  const failed: unknown[] = []
  const store = { answers: true }
  const meter = openMeter({ failed: (error) => failed.push(error) })
  meter.reportTo({
    async add(report) {
      reports.push(report)
      if (!store.answers) throw new Error('the connection broke')
    },
  })
  t.after(() => meter.close(1000))
  const rows = () => reports.flatMap((report) => report.rows)
  return { meter, reports, failed, store, rows }
}

const answer = () => new ServerResponse(new IncomingMessage(new Socket()))

describe('the meter', { timeout: 30_000 }, () => {
  it('counts requests of models by their answers, and none that may name anything', async (t) => {
    const { meter, rows } = metered(t)
    const server = createServer(({ url = '' }, response) => {
      const [, name = '', status = ''] = /^\/([a-z-]+)\/(\d+)/.exec(url) ?? []
      meter.request(name, url.slice(name.length + status.length + 2), response)
      response.writeHead(Number(status)).end()
    })
    await once(server.listen(0, '127.0.0.1'), 'listening')
    t.after(() => server.close())
    const address = server.address()
    const port = typeof address === 'object' && address ? address.port : 0

    for (const path of [
      '/infer/200/models/m/predict',
      '/infer/200/models/m/predict?x=1',
      '/infer/200/v2/models/m/infer',
      '/infer/200/v2/models/m/versions/2/infer',
      '/infer/503/models/m/predict',
      '/infer/429/models/m/predict',
      '/infer/404/models/other/predict',
      '/infer/400/models/other/predict',
      '/infer/307/models/own/predict',
      '/infer-own/200/models/own/predict',
      '/infer/200/v2/models/m',
      '/toy/200/models/m/predict',
    ])
      await get(port, path)
    await meter.report()

    const of = (kind: string) =>
      rows()
        .filter((row) => row.kind === kind)
        .map(({ name, requests, predictions }) => [name, requests, predictions])
    assert.deepEqual(of('model'), [
      ['m', 6, 4],
      ['own', 1, 1],
    ])
    assert.deepEqual(of('function'), [
      ['infer', 10, 0],
      ['infer-own', 1, 0],
      ['toy', 1, 0],
    ])
  })

  it('makes a report whose outcome is not known again under its number, and the next under another', async (t) => {
    const { meter, reports, store } = metered(t)
    meter.request('toy', '/', answer())
    store.answers = false
    await assert.rejects(meter.report(), /broke/)
    meter.request('toy', '/', answer())
    await assert.rejects(meter.report(), /broke/)

    store.answers = true
    await meter.report()
    await meter.report()

    assert.deepEqual(
      reports.map(({ number, rows }) => [number, rows.map(({ requests }) => requests)]),
      [
        [1, [1]],
        [1, [1]],
        [1, [1]],
        [2, [1]],
      ],
    )
    assert.equal(new Set(reports.map(({ writer }) => writer)).size, 1)
  })

  it('reads what a process has used before it is told to end', async (t) => {
    const { meter, rows } = metered(t)
    const { pool, get } = await setup(t, program(), { meter })
    const answer = await get('/default/toy/echo')
    const pid = Number(String(answer.headers['x-mezz-process']).split('-')[1])
    const used = processUsage(pid) ?? assert.fail('it runs')

    await pool.drain(0)
    await until(() => processUsage(pid) === null)
    await meter.report()

    const seconds = rows().reduce((sum, { coreSeconds = 0 }) => sum + coreSeconds, 0)
    assert.ok(seconds > 0 && seconds >= used.coreSeconds, `${seconds} s of ${used.coreSeconds} s`)
    assert.ok(rows().every(({ kind, name }) => kind === 'function' && name === 'toy'))
    assert.ok(Math.max(...rows().map(({ peakMemoryBytes = 0 }) => peakMemoryBytes)) >= used.peakMemoryBytes)
  })

  it('gives up a last report that is not taken, and says so', async (t) => {
    const failed: unknown[] = []
    const meter = openMeter({ failed: (error) => failed.push(error) })
    meter.reportTo({ add: () => new Promise(() => undefined) })
    const { get } = await setup(t, program(), { meter })
    await get('/default/toy/echo')

    await meter.close(10)

    assert.match(String(failed[0]), /did not take it in 10 ms/)
  })
})
