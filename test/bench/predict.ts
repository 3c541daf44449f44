// Predicts breast-cancer rows in process (`app.request`, no socket) beside ONNX Runtime alone on the same graph.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Hono } from 'hono'
import infer from '../../functions/infer/function.ts'
import { folderObjects } from '../../runtime/adapters/folder.ts'
import { onnxruntimeModels } from '../../runtime/adapters/onnxruntime.ts'
import { createApp } from '../../runtime/app.ts'
import { requestContext } from '../../runtime/context.ts'
import { developerOf } from '../../runtime/identity.ts'
import { createMetrics } from '../../runtime/metrics.ts'
import type { RequestLog } from '../../runtime/request-log.ts'
import { encoding } from '../../runtime/tabular/encoder.ts'
import { rowFeatures } from '../../runtime/tabular/row.ts'
import { noSql } from '../functions/infer/no-sql.ts'
import { realRows } from '../functions/infer/tables.ts'
import { release, train } from '../functions/infer/trained.ts'

const SECONDS = 2

const folder = mkdtempSync(join(tmpdir(), 'predict-'))
const objects = folderObjects(folder)
const models = onnxruntimeModels()
const table = realRows('breast-cancer', 'target', ['target'])
const trained = train(table, 100)
await release(objects, 'cancer', trained)
const lines: RequestLog[] = []
const app = createApp(
  infer,
  { objects, models, sql: noSql },
  {
    authenticate: async (_c, next) => {
      const context = requestContext.getStore()
      if (context) context.caller = developerOf('default')
      await next()
    },
    metrics: createMetrics('infer'),
    log: (line) => {
      lines[0] = line
    },
  },
)
const echo = new Hono().post('/', async (c) => c.json(Object.keys(await c.req.json())))
const graph = await models.load(trained.graph)
const toFeatures = rowFeatures(trained.definition)
const encode = encoding(trained.encoder)

for (const size of [1, 64]) {
  const rows = table.rows.slice(0, size)
  const encoded = toFeatures(rows).map(encode)
  const width = encoded[0]?.length ?? 0
  const data = Float64Array.from(encoded.flatMap((row) => [...row]))
  const body = JSON.stringify({ rows })
  const headers = { 'Content-Type': 'application/json' }

  const alone = await time(async () => {
    await graph.run({ features: { type: 'float64', shape: [size, width], data } })
  })
  const web = await time(async () => {
    await (await echo.request('/', { method: 'POST', body, headers })).text()
  })
  const whole = await time(async () => {
    const answer = await app.request('/models/cancer/predict', { method: 'POST', body, headers })
    if (answer.status !== 200) throw new Error(await answer.text())
    await answer.text()
  })
  process.stdout.write(
    `${size} rows: the graph alone ${alone.toFixed(1)} µs, the body parsed by Hono alone ${web.toFixed(1)} µs, predict ${whole.toFixed(1)} µs, ${(whole / alone).toFixed(1)} times the graph, ${(whole / (alone + web)).toFixed(1)} times both\n`,
  )
}
const read = await time(async () => {
  for await (const _ of (await objects.read('models/cancer/current'))?.body ?? []);
})
process.stdout.write(`reading the alias from the folder: ${read.toFixed(1)} µs\n`)
await models.close()
rmSync(folder, { recursive: true })

/** Microseconds a call, warm. */
async function time(work: () => Promise<void>): Promise<number> {
  for (let i = 0; i < 200; i++) await work()
  const begun = performance.now()
  let calls = 0
  for (; performance.now() - begun < SECONDS * 1000; calls++) await work()
  return (1000 * (performance.now() - begun)) / calls
}
