import type { Context } from 'hono'
import { Hono } from 'hono'
import { defineFunction } from 'mezz/define'
import { PlatformError } from 'mezz/errors'
import { annotationCompleted, batchCompleted, datasetDeleted, datasetIngested } from 'mezz/events'
import { Dry, Hanging } from 'mezz/hanging'
import type { Sql } from 'mezz/ports'
import { answers, event, idempotent, media, Name, nameParam, Page, query } from 'mezz/validate'
import * as z from 'zod'
import { takeAnnotated } from './annotated.ts'
import { remove, whatHangs } from './delete.ts'
import { MEDIA_TYPES } from './kind.ts'
import { takePredicted } from './predicted.ts'
import type { VersionRow } from './queries.ts'
import { findVersion, listDatasets, newestVersion } from './queries.ts'
import { register } from './register.ts'
import { readRows } from './rows.ts'
import { take } from './take.ts'
import { Datasets, Rows, shown, summary, Version } from './version.ts'

export default defineFunction({
  name: 'ingest',
  summary: 'Takes tables in as versions of datasets, typed and described',
  uses: ['sql', 'tables'],
  emits: [datasetIngested, datasetDeleted],
  scope: 'datasets:write',
  scale: { max: 4, concurrency: 2 },
  resources: { cpu: '1', memory: '1Gi' },
  timeout: 600,

  app: ({ sql, tables }) =>
    new Hono()
      .post(
        '/datasets',
        media(...MEDIA_TYPES),
        query(z.object({ name: Name })),
        answers(
          'Takes a table in as the newest version of a dataset (CSV, NDJSON, Parquet, gzip of these, or a form with `file`)',
          {
            201: Version,
            200: Version,
          },
          'unsupported_media_type',
          'too_large',
          'unprocessable',
          'conflict',
        ),
        idempotent(),
        async (c) => {
          const dataset = c.req.valid('query').name
          const taken = await take(tables, incoming(c), {
            known: async (digest) => (await newestVersion(sql.query, dataset))?.digest === digest,
          })
          const { version, fresh } = await register(sql, dataset, taken)
          const Location = `/datasets/${dataset}/versions/${version.version}`
          return c.json(shown(version), fresh ? 201 : 200, { Location })
        },
      )
      .get(
        '/datasets',
        query(Page),
        answers('The newest version of each dataset, by name', { 200: Datasets }),
        async (c) => {
          const { limit, after = '' } = c.req.valid('query')
          const items = await listDatasets(sql.query, { after, limit: limit + 1 })
          const more = items.length > limit
          const shownItems = items.slice(0, limit).map(summary)
          return c.json({ items: shownItems, ...(more ? { next: shownItems.at(-1)?.name } : {}) })
        },
      )
      .get('/datasets/:name', answers('The newest version of a dataset', { 200: Version }), async (c) => {
        return c.json(shown(await demandDataset(sql, c)))
      })
      .delete(
        '/datasets/:name',
        query(Dry),
        answers('Deletes a dataset with what only it is in, or says what hangs on it', { 204: null, 200: Hanging }),
        async (c) => {
          const { dataset: name } = await demandDataset(sql, c)
          if (c.req.valid('query').dry) return c.json(await whatHangs(sql, name))
          await remove(sql, name)
          return c.body(null, 204)
        },
      )
      .get('/datasets/:name/versions/:version', answers('A version of a dataset', { 200: Version }), async (c) => {
        return c.json(shown(await demand(sql, c)))
      })
      .get(
        '/datasets/:name/versions/:version/rows',
        query(Page.extend({ after: z.coerce.number().int().min(0).optional() })),
        answers('The rows of a version, in their order', { 200: Rows }, 'too_large'),
        async (c) => {
          const { limit, after } = c.req.valid('query')
          return c.json(await readRows(tables, await demand(sql, c), { limit, after: after ?? 0 }))
        },
      )
      .post('/events/annotation-completed', event(annotationCompleted, 'unprocessable'), async (c) => {
        await takeAnnotated({ sql, tables }, c.req.valid('json'))
        return c.body(null, 204)
      })
      .post('/events/batch-completed', event(batchCompleted, 'not_found', 'unprocessable'), async (c) => {
        await takePredicted({ sql, tables }, c.req.valid('json'))
        return c.body(null, 204)
      }),
})

function incoming(c: Context) {
  return {
    contentType: c.req.header('content-type') ?? '',
    contentEncoding: (c.req.header('content-encoding') ?? '').trim().toLowerCase(),
    body: c.req.raw.body ?? ReadableStream.from([]),
  }
}

async function demandDataset({ query }: Pick<Sql<string>, 'query'>, c: Context): Promise<VersionRow> {
  const dataset = nameParam(c, 'name')
  const found = await newestVersion(query, dataset)
  if (!found) throw new PlatformError('not_found', `no dataset ${dataset}`)
  return found
}

async function demand({ query }: Sql<string>, c: Context): Promise<VersionRow> {
  const dataset = nameParam(c, 'name')
  const text = c.req.param('version') ?? ''
  const found = /^[1-9][0-9]{0,8}$/.test(text) ? await findVersion(query, dataset, Number(text)) : null
  if (!found) throw new PlatformError('not_found', `no version ${text} of a dataset ${dataset}`)
  return found
}
