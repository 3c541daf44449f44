import type { Context } from 'hono'
import { Hono } from 'hono'
import { PlatformError } from 'mezz/errors'
import type { batchCompleted } from 'mezz/events'
import { datasetDeleted, datasetIngested, jobEnded } from 'mezz/events'
import type { Ports, Query } from 'mezz/ports'
import { uuidv7 } from 'mezz/uuid'
import { answers, body, event, idempotent, nameParam, Page, query } from 'mezz/validate'
import * as z from 'zod'
import type { Library } from '../library.ts'
import { Batch, Batches, BatchOrder, shownBatch } from './batch.ts'
import { end, outcomeOf } from './ended.ts'
import { plan } from './order.ts'
import type { BatchRow } from './queries.ts'
import {
  addBatch,
  batchesOf,
  batchOfJob,
  deletedUpTo,
  findBatch,
  forgetVersions,
  keepVersion,
  listBatches,
} from './queries.ts'

const BatchesPage = Page.extend({ after: z.uuid().optional() })

/** Predictions of whole datasets, each by a job, whose result is a dataset. */
export function batches(
  { objects, sql }: Pick<Ports<typeof batchCompleted.type>, 'objects' | 'sql'>,
  models: Library,
): Hono {
  return new Hono()
    .post(
      '/models/:model/batches',
      body(BatchOrder),
      idempotent(),
      answers('Predicts a whole dataset by a job; the predictions become a dataset', { 202: Batch }, 'unprocessable'),
      async (c) => {
        const model = nameParam(c, 'model')
        const { chosen, table, result, job } = await plan({ models, query: sql.query }, model, c.req.valid('json'))
        const id = uuidv7()
        await sql.transaction(async (tx) => {
          const { version } = chosen
          const { dataset, version: dataset_version, rows } = table
          const started = tx.startJob(job)
          await addBatch(tx.query, { id, model, version, dataset, dataset_version, result, rows, job: started })
        })
        const batch = await shownBatch(sql, await demand(sql.query, model, id))
        return c.json(batch, 202, { Location: `/models/${model}/batches/${id}` })
      },
    )
    .get(
      '/models/:model/batches',
      query(BatchesPage),
      answers('Batches of a model, the newest first', { 200: Batches }),
      async (c) => {
        const { limit, after = null } = c.req.valid('query')
        const rows = await listBatches(sql.query, { model: nameParam(c, 'model'), limit: limit + 1, after })
        const items = await Promise.all(rows.slice(0, limit).map((row) => shownBatch(sql, row)))
        return c.json({ items, ...(rows.length > limit ? { next: items.at(-1)?.id } : {}) })
      },
    )
    .get('/models/:model/batches/:id', answers('A batch as it stands now', { 200: Batch }), async (c) => {
      return c.json(await shownBatch(sql, await batchParam(c, sql.query)))
    })
    .post(
      '/models/:model/batches/:id/cancel',
      answers('Asks that it ends; one that has ended well or badly stays so', { 200: Batch, 202: Batch }, 'conflict'),
      async (c) => {
        const row = await batchParam(c, sql.query)
        if (row.state === 'succeeded' || row.state === 'failed')
          throw new PlatformError('conflict', `batch ${row.id} has ${row.state} already: there is nothing to cancel`)
        if (row.state === 'queued') await sql.transaction((tx) => tx.cancelJob(row.job))
        return c.json(await shownBatch(sql, row), row.state === 'cancelled' ? 200 : 202)
      },
    )
    .post('/events/dataset-ingested', event(datasetIngested), async (c) => {
      const { kind, schema, ...version } = c.req.valid('json')
      await sql.transaction(async (tx) => {
        if (kind !== 'table') return
        await tx.lock(version.dataset)
        if (version.version > (await deletedUpTo(tx.query, version.dataset)))
          await keepVersion(tx.query, { ...version, columns: schema })
        // From here on the predictions are kept as a version of their dataset.
        for (const id of await batchesOf(tx.query, version.dataset, version.digest)) await tx.release(`batches/${id}`)
      })
      return c.body(null, 204)
    })
    .post('/events/dataset-deleted', event(datasetDeleted), async (c) => {
      const { dataset, versions } = c.req.valid('json')
      await sql.transaction(async (tx) => {
        await tx.lock(dataset)
        for (const id of await forgetVersions(tx.query, dataset, versions)) await tx.release(`batches/${id}`)
      })
      return c.body(null, 204)
    })
    .post('/events/job-ended', event(jobEnded, 'not_found', 'unprocessable'), async (c) => {
      const ended = c.req.valid('json')
      const row = ended.owner === 'infer' ? await batchOfJob(sql.query, ended.job) : null
      if (!row) return c.body(null, 204)
      const outcome = await outcomeOf(objects, ended)
      await sql.transaction((tx) => end(tx, row, outcome))
      return c.body(null, 204)
    })
}

async function batchParam(c: Context, query: Query): Promise<BatchRow> {
  const id = c.req.param('id') ?? ''
  if (!z.uuid().safeParse(id).success) throw new PlatformError('not_found', `no batch ${id}`)
  return demand(query, nameParam(c, 'model'), id)
}

async function demand(query: Query, model: string, id: string): Promise<BatchRow> {
  const found = await findBatch(query, model, id)
  if (!found) throw new PlatformError('not_found', `model ${model} has no batch ${id}`)
  return found
}
