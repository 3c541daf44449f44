import { Hono } from 'hono'
import { accepts } from 'hono/accepts'
import { callerId } from 'mezz/caller'
import { defineFunction } from 'mezz/define'
import { annotationCompleted, datasetDeleted, datasetIngested, projectDeleted } from 'mezz/events'
import { answers, body, event, idempotent, nameParam, Page, query } from 'mezz/validate'
import * as z from 'zod'
import { annotate, takeBack } from './annotate.ts'
import { Completed, complete } from './complete.ts'
import { create } from './create.ts'
import { forgetDataset, Hanging, remove, whatHangs } from './delete.ts'
import { EXPORT_TYPES, exported, isExportType } from './export.ts'
import { handOut } from './hand-out.ts'
import { demandProject, lookUp, lookUpAll } from './look-up.ts'
import { pages } from './page/routes.ts'
import { Project, ProjectOrder, Projects } from './project.ts'
import { deletedUpTo, keepVersion, openProjects, shareProject } from './queries.ts'
import { rowReader } from './rows.ts'
import { By, Label, LabelOrder, NextQuery, openOnly, Task, taskParam } from './task.ts'

export default defineFunction({
  name: 'annotate',
  summary: 'Lets people label the rows of a dataset, which become a column of its next version',
  uses: ['sql', 'tables'],
  emits: [annotationCompleted, projectDeleted],
  scope: 'datasets:write',
  scale: { max: 4, concurrency: 20 },
  resources: { cpu: '500m', memory: '512Mi' },
  timeout: 300,

  app: ({ sql, tables }) => {
    const readRow = rowReader(tables)

    return new Hono()
      .route('/', pages(sql))
      .post(
        '/projects',
        body(ProjectOrder),
        answers('Makes a project, whose tasks are the rows of a dataset', { 201: Project, 200: Project }, 'conflict'),
        idempotent(),
        async (c) => {
          const { project, fresh } = await create(sql, c.req.valid('json'))
          return c.json(await lookUp(sql.query, project), fresh ? 201 : 200, { Location: `/projects/${project.name}` })
        },
      )
      .get('/projects', query(Page), answers('All projects, by name', { 200: Projects }), async (c) => {
        return c.json(await lookUpAll(sql.query, c.req.valid('query')))
      })
      .get('/projects/:project', answers('A project and how far it is', { 200: Project }), async (c) => {
        return c.json(await lookUp(sql.query, await demandProject(sql.query, nameParam(c, 'project'))))
      })
      .get(
        '/projects/:project/next',
        query(NextQuery),
        answers('The next row for a person, theirs for five minutes', { 200: Task, 204: null }, 'conflict'),
        async (c) => {
          const { by: person = callerId(), except = null } = c.req.valid('query')
          const name = nameParam(c, 'project')
          const given = await sql.transaction(async (tx) => {
            const project = openOnly(name, await shareProject(tx.query, name))
            return { source: project.source, task: await handOut(tx, project, { person, except }) }
          })
          c.header('Cache-Control', 'no-store')
          if (given.task === null) return c.body(null, 204)
          return c.json({ id: given.task, row: await readRow(given.source, given.task) })
        },
      )
      .post(
        '/projects/:project/tasks/:task/annotations',
        body(LabelOrder),
        answers(
          'Takes a person’s label for a row, in place of the one before',
          { 201: Label, 200: Label },
          'conflict',
          'unprocessable',
        ),
        async (c) => {
          const { label, by: person = callerId() } = c.req.valid('json')
          const task = taskParam(c)
          const { at, fresh } = await annotate(sql, nameParam(c, 'project'), { task, person, label })
          return c.json({ task, by: person, label, at: at.toISOString() }, fresh ? 201 : 200)
        },
      )
      .delete(
        '/projects/:project/tasks/:task/annotations',
        query(By),
        answers('Takes a person’s label for a row back', { 204: null }, 'conflict'),
        async (c) => {
          const { by: person = callerId() } = c.req.valid('query')
          await takeBack(sql, nameParam(c, 'project'), { task: taskParam(c), person })
          return c.body(null, 204)
        },
      )
      .get(
        '/projects/:project/export',
        answers('Every label that was given, by row and person', { 200: EXPORT_TYPES }),
        async (c) => {
          const { name } = await demandProject(sql.query, nameParam(c, 'project'))
          const [preferred] = EXPORT_TYPES
          const type = accepts(c, { header: 'Accept', supports: [...EXPORT_TYPES], default: preferred })
          const lines = exported(sql.query, name, isExportType(type) ? type : preferred)
          return c.body(ReadableStream.from(lines), 200, { 'Content-Type': `${type}; charset=utf-8` })
        },
      )
      .post(
        '/projects/:project/complete',
        answers('Completes a project: its labels go into a new version of its dataset', { 200: Completed }, 'conflict'),
        async (c) => c.json(await complete({ sql, tables }, nameParam(c, 'project'))),
      )
      .delete(
        '/projects/:project',
        query(z.object({ dry: z.stringbool().default(false) })),
        answers('Deletes a project with its labels, or says what would go', { 204: null, 200: Hanging }),
        async (c) => {
          const project = await demandProject(sql.query, nameParam(c, 'project'))
          if (c.req.valid('query').dry) return c.json(await whatHangs(sql.query, project))
          await remove(sql, project.name)
          return c.body(null, 204)
        },
      )
      .post('/events/dataset-ingested', event(datasetIngested), async (c) => {
        const { schema: columns, kind, ...version } = c.req.valid('json')
        await sql.transaction(async (tx) => {
          if (kind !== 'table') return
          await tx.lock(version.dataset)
          if (version.version <= (await deletedUpTo(tx.query, version.dataset))) return
          await keepVersion(tx.query, { ...version, columns })
          await openProjects(tx.query, { ...version, columns })
        })
        return c.body(null, 204)
      })
      .post('/events/dataset-deleted', event(datasetDeleted), async (c) => {
        await sql.transaction((tx) => forgetDataset(tx, c.req.valid('json')))
        return c.body(null, 204)
      })
  },
})
