import { Hono } from 'hono'
import { defineFunction } from 'mezz/define'
import { PlatformError } from 'mezz/errors'
import { datasetIngested, featuresExtracted } from 'mezz/events'
import { answers, body, event, Name, nameParam, Page, query } from 'mezz/validate'
import { extractAll } from './extract-all.ts'
import { put } from './put.ts'
import { findView, lastExtraction, listExtractions } from './queries.ts'
import { Extractions, shownExtraction, shownView, View, ViewOrder } from './view.ts'

export default defineFunction({
  name: 'features',
  summary: 'Makes typed raw features of datasets, by views that say the same of tables and of rows',
  uses: ['objects', 'sql', 'tables'],
  emits: [featuresExtracted],
  scope: 'views:write',
  scale: { max: 4, concurrency: 2 },
  resources: { cpu: '1', memory: '1Gi' },
  timeout: 600,

  app: (ports) =>
    new Hono()
      .put(
        '/views/:view',
        body(ViewOrder),
        answers('Declares a view of a dataset, and extracts at once if there is a version of it', {
          200: View,
          201: View,
        }),
        async (c) => {
          const name = nameParam(c, 'view')
          const { view, last, fresh } = await put(ports, { name, ...c.req.valid('json') })
          return c.json(shownView(view, last), fresh ? 201 : 200, { Location: `/views/${name}` })
        },
      )
      .get('/views/:view', answers('A view and its last extraction', { 200: View }), async (c) => {
        const name = nameParam(c, 'view')
        const view = await findView(ports.sql.query, name)
        if (!view) throw new PlatformError('not_found', `no view ${name}`)
        return c.json(shownView(view, await lastExtraction(ports.sql.query, name)))
      })
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
      }),
})
