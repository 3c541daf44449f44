import type { Context } from 'hono'
import { Hono } from 'hono'
import { defineFunction } from 'mezz/define'
import { PlatformError } from 'mezz/errors'
import {
  datasetDeleted,
  featuresExtracted,
  jobEnded,
  modelDeleted,
  modelTrained,
  pipelineDeleted,
  scriptDeleted,
  trainingFailed,
  trainingStarted,
  viewDeleted,
} from 'mezz/events'
import { Dry, Hanging, hangingOn } from 'mezz/hanging'
import type { Query } from 'mezz/ports'
import { answers, body, event, idempotent, Name, nameParam, Page, query } from 'mezz/validate'
import * as z from 'zod'
import { forgetDataset, forgetModel, forgetView, holdInputs, remove } from './delete.ts'
import { forgetExtraction, isGone } from './deleted-queries.ts'
import { end, outcomeOf } from './ended.ts'
import type { RunRow } from './facts.ts'
import { lookAt } from './git-look.ts'
import { Pipeline, PipelineOrder, pipelineOf } from './pipeline.ts'
import { streamProgress } from './progress-stream.ts'
import {
  findPipeline,
  findRun,
  keepExtraction,
  listPipelines,
  listRuns,
  pipelinesOn,
  runOfJob,
  savePipeline,
} from './queries.ts'
import { Run, Runs, shownRun } from './run.ts'
import { keepHead } from './scripts/queries.ts'
import { scripts } from './scripts/routes.ts'
import { ready, readyOf, start } from './start.ts'

const TIMEOUT = 300
const LOG_LINES = 10_000

/** A pipeline as it was put, with what its first run waits for. */
const Put = Pipeline.extend({ waitingFor: z.string().optional() })
const Pipelines = z.object({ items: z.array(Pipeline), next: z.string().optional() })
const RunId = z.uuid()
/** Beyond so many lines; at most 10,000 are given at once. */
const LogPage = z.object({ after: z.coerce.number().int().nonnegative().default(0) })
const RunsPage = Page.extend({ model: Name.optional(), after: RunId.optional() })

export default defineFunction({
  name: 'train',
  summary: 'Trains models by pipelines, as soon as the features they wait for are there',
  uses: ['objects', 'sql', 'tables'],
  emits: [trainingStarted, trainingFailed, modelTrained, pipelineDeleted, scriptDeleted],
  scope: 'models:write',
  scale: { max: 4, concurrency: 20 },
  resources: { cpu: '1', memory: '1Gi' },
  timeout: TIMEOUT,
  programs: { gbdt: 'gbdt/main.ts', script: 'script/main.ts' },

  app(ports) {
    const { objects, sql } = ports
    return new Hono()
      .put(
        '/pipelines/:name',
        body(PipelineOrder),
        answers(
          'Declares a pipeline; it starts at once if the features of its view are there',
          {
            200: Put,
            201: Put,
          },
          'unprocessable',
          'gpu_unavailable',
        ),
        async (c) => {
          const given = pipelineOf(nameParam(c, 'name'), c.req.valid('json'))
          // Kept before the rest is looked up; what brings the rest does it the other way round, so one of the two sees both.
          const { saved: pipeline, isNew } = await sql.transaction((tx) => savePipeline(tx.query, given))
          if (pipeline.trainer !== 'gbdt' && 'git' in pipeline.trainer) {
            await keepHead(sql.query, pipeline.trainer, await lookAt(pipeline.trainer))
          }
          const all = await ready(ports, pipeline, { once: true })
          if (!('waitingFor' in all)) await sql.transaction((tx) => start(tx, [all], { once: true }))
          const waiting = 'waitingFor' in all && all.waitingFor !== null ? { waitingFor: all.waitingFor } : {}
          return c.json({ ...pipeline, ...waiting }, isNew ? 201 : 200, { Location: `/pipelines/${pipeline.name}` })
        },
      )
      .get('/pipelines', query(Page), answers('All pipelines, by name', { 200: Pipelines }), async (c) => {
        const { limit, after = '' } = c.req.valid('query')
        const found = await listPipelines(sql.query, { limit: limit + 1, after })
        const items = found.slice(0, limit)
        return c.json({ items, ...(found.length > limit ? { next: items.at(-1)?.name } : {}) })
      })
      .get('/pipelines/:name', answers('A pipeline', { 200: Pipeline }), async (c) => {
        return c.json(await demandPipeline(sql.query, nameParam(c, 'name')))
      })
      .delete(
        '/pipelines/:name',
        query(Dry),
        answers('Deletes a pipeline and ends its runs, or says what hangs on it; what it has trained stays', {
          204: null,
          200: Hanging,
        }),
        async (c) => {
          const { name } = await demandPipeline(sql.query, nameParam(c, 'name'))
          if (c.req.valid('query').dry) return c.json(await hangingOn(sql, { kind: 'pipelines', name }))
          await remove(sql, name)
          return c.body(null, 204)
        },
      )
      .post(
        '/pipelines/:name/runs',
        idempotent(),
        answers('Starts a run on the newest features', { 202: Run }, 'conflict', 'too_large'),
        async (c) => {
          const pipeline = await demandPipeline(sql.query, nameParam(c, 'name'))
          const all = await ready(ports, pipeline, { once: false })
          if ('waitingFor' in all) {
            const { waitingFor } = all
            throw new PlatformError(
              'conflict',
              `there is nothing to start: it waits for ${waitingFor}, and then starts`,
            )
          }
          const [id] = await sql.transaction((tx) => start(tx, [all], { once: false }))
          if (id === undefined)
            throw new PlatformError(
              'conflict',
              `the pipeline ${pipeline.name}, its script or its data was just deleted`,
            )
          const run = await shownRun(sql, await demandRun(sql.query, id))
          return c.json(run, 202, { Location: `/runs/${run.id}` })
        },
      )
      .get('/runs', query(RunsPage), answers('Runs, the newest first', { 200: Runs }), async (c) => {
        const { model = null, limit, after = null } = c.req.valid('query')
        const rows = await listRuns(sql.query, { model, limit: limit + 1, after })
        const items = await Promise.all(rows.slice(0, limit).map((row) => shownRun(sql, row)))
        return c.json({ items, ...(rows.length > limit ? { next: items.at(-1)?.id } : {}) })
      })
      .get('/runs/:id', answers('A run as it stands now', { 200: Run }), async (c) => {
        return c.json(await shownRun(sql, await runParam(c, sql.query)))
      })
      .get(
        '/runs/:id/log',
        query(LogPage),
        answers('What its program has printed', { 200: 'text/plain' }),
        async (c) => {
          const { job } = await runParam(c, sql.query)
          const { after } = c.req.valid('query')
          const lines = job === null ? [] : await sql.jobLog(job, { after, limit: LOG_LINES })
          return c.text(lines.map(({ at, line }) => `${at.toISOString()} ${line}\n`).join(''))
        },
      )
      .get(
        '/runs/:id/progress',
        answers('Its progress as server-sent events', { 200: 'text/event-stream' }),
        async (c) => {
          const { id } = await runParam(c, sql.query)
          return streamProgress(c, sql, { id, lasts: (TIMEOUT - 5) * 1000 })
        },
      )
      .post(
        '/runs/:id/cancel',
        answers('Asks that it ends; one that has ended well or badly stays so', { 200: Run, 202: Run }, 'conflict'),
        async (c) => {
          const row = await runParam(c, sql.query)
          const { state, job } = row
          if (state === 'succeeded' || state === 'failed')
            throw new PlatformError('conflict', `run ${row.id} has ${state} already: there is nothing to cancel`)
          if (state === 'queued' && job !== null) await sql.transaction((tx) => tx.cancelJob(job))
          return c.json(await shownRun(sql, row), state === 'cancelled' ? 200 : 202)
        },
      )
      .post('/events/features-extracted', event(featuresExtracted, 'not_found', 'unprocessable'), async (c) => {
        const extraction = c.req.valid('json')
        await keepExtraction(sql.query, extraction)
        const waiting = await pipelinesOn(sql.query, extraction.view)
        const all = await readyOf(ports, waiting, extraction)
        await sql.transaction(async (tx) => {
          await holdInputs(tx, [extraction])
          if (await isGone(tx.query, extraction)) await forgetExtraction(tx.query, extraction.extraction)
          await start(tx, all, { once: true })
        })
        return c.body(null, 204)
      })
      .post('/events/job-ended', event(jobEnded, 'not_found', 'unprocessable'), async (c) => {
        const ended = c.req.valid('json')
        const row = ended.owner === 'train' ? await runOfJob(sql.query, ended.job) : null
        if (!row) return c.body(null, 204)
        const outcome = await outcomeOf(objects, row, ended)
        const job = await sql.job(ended.job)
        await sql.transaction((tx) => end(tx, row, { outcome, startedAt: job?.startedAt ?? null }))
        return c.body(null, 204)
      })
      .post('/events/dataset-deleted', event(datasetDeleted), async (c) => {
        await sql.transaction((tx) => forgetDataset(tx, c.req.valid('json')))
        return c.body(null, 204)
      })
      .post('/events/view-deleted', event(viewDeleted), async (c) => {
        await sql.transaction((tx) => forgetView(tx, c.req.valid('json')))
        return c.body(null, 204)
      })
      .post('/events/model-deleted', event(modelDeleted), async (c) => {
        await sql.transaction((tx) => forgetModel(tx, c.req.valid('json')))
        return c.body(null, 204)
      })
      .route('/', scripts(ports))
  },
})

async function demandPipeline(query: Query, name: string): Promise<Pipeline> {
  const found = await findPipeline(query, name)
  if (!found) throw new PlatformError('not_found', `no pipeline ${name}`)
  return found
}

async function runParam(c: Context, query: Query): Promise<RunRow> {
  const id = c.req.param('id') ?? ''
  if (!RunId.safeParse(id).success) throw new PlatformError('not_found', `no run ${id}`)
  return demandRun(query, id)
}

async function demandRun(query: Query, id: string): Promise<RunRow> {
  const found = await findRun(query, id)
  if (!found) throw new PlatformError('not_found', `no run ${id}`)
  return found
}
