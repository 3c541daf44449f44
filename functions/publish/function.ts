import type { Context } from 'hono'
import { Hono } from 'hono'
import { defineFunction } from 'mezz/define'
import { PlatformError } from 'mezz/errors'
import {
  conversionFailed,
  modelConverted,
  modelDeleted,
  modelPublished,
  modelRejected,
  modelTrained,
} from 'mezz/events'
import { Dry, Hanging } from 'mezz/hanging'
import type { Ports, Query } from 'mezz/ports'
import { answers, body, event, nameParam, Page, query } from 'mezz/validate'
import * as z from 'zod'
import { removeAlias, writeAlias } from './alias.ts'
import { isOlder, remove, whatHangs } from './delete.ts'
import type { RunFacts } from './facts.ts'
import { joined, pack } from './package.ts'
import { findDeletion, forgetRun, keepFact, modelNames, versionsOf } from './queries.ts'
import { publish, rollback } from './release.ts'
import { endpointIn } from './serving.ts'
import type { Types } from './take-run.ts'
import { takeRun } from './take-run.ts'
import { Model, Models, shown } from './view.ts'

const Publication = z.object({
  /** Percent; below 100 the published version keeps the rest. */
  traffic: z.number().min(0).max(100).default(100),
})

export default defineFunction({
  name: 'publish',
  summary: 'Decides which version of a model answers, and takes it back',
  uses: ['objects', 'sql'],
  emits: [modelPublished, modelRejected, modelDeleted],
  scope: 'models:write',

  app: ({ objects, sql }) =>
    new Hono()
      .get('/models', query(Page), answers('All models, by name', { 200: Models }), async (c) => {
        const { limit, after = '' } = c.req.valid('query')
        const names = await modelNames(sql.query, limit + 1, after)
        const page = names.slice(0, limit)
        const items = await Promise.all(page.map((name) => look(sql.query, name)))
        const last = page.at(-1)
        return c.json({ items, ...(names.length > limit && last !== undefined ? { next: last } : {}) })
      })
      .get('/models/:model', answers('A model with its versions', { 200: Model }), async (c) => {
        return c.json(await demand(sql.query, nameParam(c, 'model')))
      })
      .delete(
        '/models/:model',
        query(Dry),
        answers('Deletes a model with all its versions, or says what hangs on it', { 204: null, 200: Hanging }),
        async (c) => {
          const { name } = await demand(sql.query, nameParam(c, 'model'))
          if (c.req.valid('query').dry) return c.json(await whatHangs(sql, name))
          await remove(sql, name)
          return c.body(null, 204)
        },
      )
      .post(
        '/models/:model/versions/:version/publish',
        body(Publication),
        answers('Publishes a version, wholly or for a share of the traffic', { 200: Model }, 'conflict'),
        async (c) => {
          const model = nameParam(c, 'model')
          const { traffic } = c.req.valid('json')
          await sql.transaction((tx) => publish(tx, model, versionParam(c, model), traffic))
          return c.json(await demand(sql.query, model))
        },
      )
      .post(
        '/models/:model/rollback',
        answers('Publishes the version again that was published before', { 200: Model }, 'conflict'),
        async (c) => {
          const model = nameParam(c, 'model')
          await sql.transaction((tx) => rollback(tx, model))
          return c.json(await demand(sql.query, model))
        },
      )
      .post('/events/model-trained', event(modelTrained, 'not_found', 'unprocessable'), async (c) => {
        const trained = c.req.valid('json')
        await join({ objects, sql }, trained, { trained })
        return c.body(null, 204)
      })
      .post('/events/model-converted', event(modelConverted, 'not_found', 'unprocessable'), async (c) => {
        const { onnx, report, ...run } = c.req.valid('json')
        await join({ objects, sql }, run, { conversion: { onnx, report } })
        return c.body(null, 204)
      })
      .post('/events/conversion-failed', event(conversionFailed, 'not_found', 'unprocessable'), async (c) => {
        const { reason, ...run } = c.req.valid('json')
        await join({ objects, sql }, run, { conversion: { reason } })
        return c.body(null, 204)
      })
      .post('/events/model-published', event(modelPublished), async (c) => {
        const published = c.req.valid('json')
        await sql.transaction((tx) => writeAlias(tx, objects, published))
        return c.body(null, 204)
      })
      .post('/events/model-deleted', event(modelDeleted), async (c) => {
        const { model } = c.req.valid('json')
        await sql.transaction((tx) => removeAlias(tx, objects, model))
        return c.body(null, 204)
      }),
})

/**
 * The fact is kept first, on its own: keeping it again changes nothing. Of two facts that come at once to two instances,
 * the statement lets one see both, so the package is made before the transaction; where both see both, one takes the run.
 */
async function join(
  { objects, sql }: Pick<Ports<Types>, 'objects' | 'sql'>,
  run: { readonly run: string; readonly model: string; readonly orderedAt?: string | undefined },
  fact: Partial<RunFacts>,
): Promise<void> {
  const both = joined(await keepFact(sql.query, run, fact))
  const packed = both && (await pack(objects, both.trained, both.conversion))
  await sql.transaction(async (tx) => {
    await tx.lock(run.model)
    // What was known of it before the deletion went with it; what comes after finds nobody.
    if (isOlder(run, await findDeletion(tx.query, run.model))) return forgetRun(tx.query, run.run)
    if (both && packed) await takeRun(tx, both, packed)
  })
}

async function demand(query: Query, model: string): Promise<z.infer<typeof Model>> {
  const found = await look(query, model)
  if (found.versions.length === 0) throw new PlatformError('not_found', `no model ${model}`)
  return found
}

async function look(query: Query, model: string): Promise<z.infer<typeof Model>> {
  const [versions, endpoint] = await Promise.all([versionsOf(query, model), endpointIn(query, model)])
  return shown(model, versions, endpoint)
}

function versionParam(c: Context, model: string): number {
  const version = Number(c.req.param('version'))
  if (Number.isInteger(version) && version > 0 && version < 2 ** 31) return version
  throw new PlatformError('not_found', `model ${model} has no version ${c.req.param('version')}`)
}
