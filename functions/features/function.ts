import { Hono } from 'hono'
import { defineFunction } from 'mezz/define'
import { PlatformError } from 'mezz/errors'
import { datasetDeleted, datasetIngested, featuresExtracted, viewDeleted } from 'mezz/events'
import { Dry, Hanging, hangingOn } from 'mezz/hanging'
import type { Query } from 'mezz/ports'
import { answers, body, event, Name, nameParam, Page, query } from 'mezz/validate'
import { forgetDataset, remove } from './delete.ts'
import { extractAll } from './extract-all.ts'
import { put } from './put.ts'
import type { ViewRow } from './queries.ts'
import { findView, lastExtraction, listExtractions } from './queries.ts'
import { Extractions, shownExtraction, shownView, View, ViewOrder } from './view.ts'

export default defineFunction({
  name: 'features',
  summary: 'Makes typed raw features of datasets, by views that say the same of tables and of rows',
  uses: ['objects', 'sql', 'tables'],
  emits: [featuresExtracted, viewDeleted],
  scope: 'views:write',
  scale: { max: 4, concurrency: 2 },
  resources: { cpu: '1', memory: '1Gi' },
  timeout: 600,

  app: (ports) =>
    new Hono()
      .put(
        '/views/:view',
        body(ViewOrder),
        answers(
          'Declares a view of a dataset, and extracts at once if there is a version of it',
          {
            200: View,
            201: View,
          },
          'unprocessable',
          'conflict',
        ),
        async (c) => {
          const name = nameParam(c, 'view')
          const { view, last, fresh } = await put(ports, { name, ...c.req.valid('json') })
          return c.json(shownView(view, last), fresh ? 201 : 200, { Location: `/views/${name}` })
        },
      )
      .get('/views/:view', answers('A view and its last extraction', { 200: View }), async (c) => {
        const name = nameParam(c, 'view')
        const view = await demandView(ports.sql.query, name)
        return c.json(shownView(view, await lastExtraction(ports.sql.query, name)))
      })
      .delete(
        '/views/:view',
        query(Dry),
        answers(
          'Deletes a view with its extractions, or says what hangs on it (a dataset’s own view comes again with its next version)',
          { 204: null, 200: Hanging },
        ),
        async (c) => {
          const { name } = await demandView(ports.sql.query, nameParam(c, 'view'))
          if (c.req.valid('query').dry)
            return c.json(await hangingOn(ports.sql, { kind: 'views', name, goes: ['extractions'] }))
          await remove(ports.sql, name)
          return c.body(null, 204)
        },
      )
      .get(
        '/extractions',
        query(Page.extend({ view: Name.optional() })),
        answers('Extractions, of one view or of all, the oldest first', { 200: Extractions }),
        async (c) => {
          const { view = null, limit, after = '' } = c.req.valid('query')
          const found = await listExtractions(ports.sql.query, { view, after, limit: limit + 1 })
          const items = found.slice(0, limit).map(shownExtraction)
          return c.json({ items, ...(found.length > limit ? { next: items.at(-1)?.id } : {}) })
        },
      )
      .post('/events/dataset-ingested', event(datasetIngested), async (c) => {
        const { schema: columns, ...version } = c.req.valid('json')
        if (version.kind === 'table') await extractAll(ports, { ...version, columns })
        return c.body(null, 204)
      })
      .post('/events/dataset-deleted', event(datasetDeleted), async (c) => {
        await ports.sql.transaction((tx) => forgetDataset(tx, c.req.valid('json')))
        return c.body(null, 204)
      }),
})

async function demandView(query: Query, name: string): Promise<ViewRow> {
  const found = await findView(query, name)
  if (!found) throw new PlatformError('not_found', `no view ${name}`)
  return found
}
