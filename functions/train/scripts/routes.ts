import { Hono } from 'hono'
import { PlatformError } from 'mezz/errors'
import type { scriptDeleted } from 'mezz/events'
import { Dry, Hanging } from 'mezz/hanging'
import type { Ports } from 'mezz/ports'
import { answers, atMost, media, nameParam, Page, query } from 'mezz/validate'
import * as z from 'zod'
import type { Head, Repository } from '../git-look.ts'
import { lookAt } from '../git-look.ts'
import { pipelinesOfGit, pipelinesOfScript, repositories } from '../queries.ts'
import type { StartTypes } from '../start.ts'
import { readyOf, start } from '../start.ts'
import { remove, whatHangs } from './delete.ts'
import { forgetHeads, keepHead, listScripts, newestScript, saveScript } from './queries.ts'
import { LIMITS, takeScript } from './take.ts'
import { Script, Scripts, shownScript } from './version.ts'

const MEDIA_TYPES = [
  'text/x-python',
  'text/javascript',
  'application/x-tar',
  'application/gzip',
  'application/octet-stream',
]
/** Repositories that are looked at together. */
const AT_ONCE = 4

const Looked = z.object({
  items: z.array(
    z.object({
      git: z.string(),
      ref: z.string(),
      commit: z.string().optional(),
      error: z.string().optional(),
      /** The runs that began. */
      runs: z.array(z.string()),
    }),
  ),
})

/** Scripts that train, as data; and the look at the repositories of those that are not put here. */
export function scripts(
  ports: Pick<Ports<StartTypes | typeof scriptDeleted.type>, 'objects' | 'sql' | 'tables'>,
): Hono {
  const { objects, sql } = ports

  return new Hono()
    .put(
      '/scripts/:name',
      media(...MEDIA_TYPES),
      query(z.object({ entry: z.string().max(1000).optional() })),
      answers(
        'Takes a script in as its newest version (one file, or a tar of several, also gzipped): its pipelines train anew',
        {
          200: Script,
          201: Script,
        },
        'unprocessable',
      ),
      atMost(LIMITS.sent),
      async (c) => {
        const name = nameParam(c, 'name')
        const sent = new Uint8Array(await c.req.arrayBuffer())
        const { entry, files, archive } = await takeScript(sent, c.req.valid('query').entry)
        const object = await objects.put(archive)
        const { saved, isNew } = await sql.transaction(async (tx) => {
          await tx.lock(`scripts/${name}`)
          const kept = await saveScript(tx.query, { name, entry, files, object })
          if (kept.isNew) await tx.keep(`scripts/${name}/${kept.saved.version}`, [object])
          return kept
        })
        const all = await readyOf(ports, await pipelinesOfScript(sql.query, name))
        await sql.transaction((tx) => start(tx, all, { once: true }))
        return c.json(shownScript(saved), isNew ? 201 : 200, { Location: `/scripts/${name}` })
      },
    )
    .get(
      '/scripts',
      query(Page),
      answers('The newest version of each script, by name', { 200: Scripts }),
      async (c) => {
        const { limit, after = '' } = c.req.valid('query')
        const found = await listScripts(sql.query, { limit: limit + 1, after })
        const items = found.slice(0, limit).map(shownScript)
        return c.json({ items, ...(found.length > limit ? { next: items.at(-1)?.name } : {}) })
      },
    )
    .get('/scripts/:name', answers('The newest version of a script', { 200: Script }), async (c) => {
      const name = nameParam(c, 'name')
      const found = await newestScript(sql.query, name)
      if (!found) throw new PlatformError('not_found', `no script ${name}`)
      return c.json(shownScript(found))
    })
    .delete(
      '/scripts/:name',
      query(Dry),
      answers('Deletes a script with all its versions, or says what hangs on it', { 204: null, 200: Hanging }),
      async (c) => {
        const name = nameParam(c, 'name')
        if (!(await newestScript(sql.query, name))) throw new PlatformError('not_found', `no script ${name}`)
        if (c.req.valid('query').dry) return c.json(await whatHangs(sql, name))
        await remove(sql, name)
        return c.body(null, 204)
      },
    )
    .post(
      '/events/git-look',
      answers('Looks at the repositories that pipelines train from; new commits train anew', { 200: Looked }),
      async (c) => {
        // Also of pipelines that were put anew with another trainer, and of what a look found after its pipeline's deletion.
        await forgetHeads(sql.query)
        const waiting = await repositories(sql.query)
        const items: z.infer<typeof Looked>['items'] = []
        while (waiting.length > 0) {
          const some = waiting.splice(0, AT_ONCE)
          const heads = await Promise.all(some.map(async (one) => ({ one, head: await lookAt(one) })))
          for (const { one, head } of heads) items.push({ ...one, ...head, runs: await begin(one, head) })
        }
        return c.json({ items })
      },
    )

  /** The runs that a look has begun. */
  async function begin(repository: Repository, head: Head): Promise<string[]> {
    await keepHead(sql.query, repository, head)
    const all = 'error' in head ? [] : await readyOf(ports, await pipelinesOfGit(sql.query, repository))
    return sql.transaction((tx) => start(tx, all, { once: true }))
  }
}
