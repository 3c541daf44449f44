import { randomUUID } from 'node:crypto'
import { Hono } from 'hono'
import { defineFunction } from 'mezz/define'
import { PlatformError } from 'mezz/errors'
import { conversionFailed, modelConverted, modelDeleted, modelTrained } from 'mezz/events'
import type { Sql } from 'mezz/ports'
import { answers, atMost, event, idempotent, media } from 'mezz/validate'
import { Conversion, Converted, shown } from './conversion.ts'
import { convert } from './convert.ts'
import type { ConversionRow } from './queries.ts'
import { deleteConversions, findConversion, isDeleted, saveConversion } from './queries.ts'
import { parseSamples } from './samples.ts'
import { convertTrained } from './trained.ts'
import { readUpload } from './upload.ts'

const LARGEST_UPLOAD = 128 * 1024 * 1024

export default defineFunction({
  name: 'convert',
  summary: 'Turns trained LightGBM models into ONNX and proves them equal, leaf by leaf',
  uses: ['objects', 'sql', 'models'],
  emits: [modelConverted, conversionFailed],
  scope: 'models:write',
  scale: { max: 4, concurrency: 2 },
  resources: { cpu: '1', memory: '1Gi' },
  timeout: 300,

  app: ({ objects, sql, models }) =>
    new Hono()
      .post(
        '/conversions',
        media('multipart/form-data'),
        answers(
          'Converts a LightGBM model file (`model`), tried on `samples` (CSV) as well',
          { 201: Converted },
          'invalid_input',
          'unsupported_media_type',
          'unprocessable',
        ),
        idempotent(),
        atMost(LARGEST_UPLOAD),
        async (c) => {
          const upload = await readUpload(c.req)
          const { graph, proof } = await convert(models, upload.model, ({ features }) => ({
            rows: parseSamples(upload.samples ?? '', features),
          }))
          const onnx = await objects.put(graph)
          const id = randomUUID()

          await sql.transaction(async (tx) => {
            await saveConversion(tx.query, { id, run: null, model: null }, { proof, onnx })
            await tx.keep(`conversions/${id}`, [onnx])
          })
          const conversion = shown(await demand(sql, id))
          return c.json(conversion, 201, { Location: `/conversions/${id}/model.onnx` })
        },
      )
      .get('/conversions/:id', answers('How a conversion ended', { 200: Conversion }), async (c) => {
        return c.json(shown(await demand(sql, c.req.param('id'))))
      })
      .get('/conversions/:id/model.onnx', answers('The graph', { 200: 'application/octet-stream' }), async (c) => {
        const { id, onnx, reason } = await demand(sql, c.req.param('id'))
        const found = onnx && (await objects.read(onnx.name))
        if (!found) throw new PlatformError('not_found', `conversion ${id} has no graph: ${reason ?? 'it is gone'}`)
        return c.body(ReadableStream.from(found.body), 200, {
          'Content-Type': 'application/octet-stream',
          'Content-Length': String(found.bytes),
        })
      })
      .post('/events/model-trained', event(modelTrained, 'not_found', 'unprocessable'), async (c) => {
        const trained = c.req.valid('json')
        if (trained.format === 'script') return c.body(null, 204)
        const { run, model, orderedAt } = trained
        const of = { run, model, ...(orderedAt === undefined ? {} : { orderedAt }) }
        if (await isDeleted(sql.query, model, orderedAt)) return c.body(null, 204)
        const outcome = await convertTrained({ objects, models }, trained)

        await sql.transaction(async (tx) => {
          await tx.lock(model)
          if (await isDeleted(tx.query, model, orderedAt)) return
          await saveConversion(tx.query, { id: run, ...of }, outcome)
          if ('reason' in outcome) {
            tx.emit(conversionFailed, { ...of, reason: outcome.reason })
            return
          }

          const { onnx, proof } = outcome
          const { opset, rows, leafMismatches, maxAbsoluteDifference } = proof
          await tx.keep(`conversions/${run}`, [onnx])
          tx.emit(modelConverted, {
            ...of,
            onnx,
            report: { opset, rows, leafMismatches, maxAbsoluteDifference },
          })
        })
        return c.body(null, 204)
      })
      .post('/events/model-deleted', event(modelDeleted), async (c) => {
        const { model, deletedAt } = c.req.valid('json')
        await sql.transaction(async (tx) => {
          await tx.lock(model)
          for (const id of await deleteConversions(tx.query, model, deletedAt)) await tx.release(`conversions/${id}`)
        })
        return c.body(null, 204)
      }),
})

async function demand({ query }: Sql, id: string): Promise<ConversionRow> {
  const found = await findConversion(query, id)
  if (!found) throw new PlatformError('not_found', `no conversion ${id}`)
  return found
}
