import type { Context } from 'hono'
import { streamSSE } from 'hono/streaming'
import type { Sql } from 'mezz/ports'
import * as z from 'zod'
import { findRun } from './queries.ts'
import type { Run } from './run.ts'
import { shownRun } from './run.ts'

/** Values by the metric's name; the progress by an empty one. */
const Told = z.array(z.tuple([z.string(), z.number()]))
const LOOK = 250
const RETRY = 1000

/**
 * A run's progress as server-sent events: `progress`, `metric`, and `end` with the whole run; ends itself after `lasts` ms, to
 * be asked again. An event's id holds what was told until then, so a reader that comes back with it (`Last-Event-ID`) hears
 * what is new to it, from whichever process.
 */
export function streamProgress(
  c: Context,
  sql: Sql<never>,
  { id, lasts }: { readonly id: string; readonly lasts: number },
): Response {
  return streamSSE(c, async (stream) => {
    const until = Date.now() + lasts
    const told = heard(c.req.header('last-event-id'))
    const say = (event: string, data: unknown): Promise<void> =>
      stream.writeSSE({ id: idOf(told), event, data: JSON.stringify(data), retry: RETRY })

    while (!stream.aborted && Date.now() < until) {
      const row = await findRun(sql.query, id)
      if (!row) return
      const run = await shownRun(sql, row)
      await tell(run)
      if (['succeeded', 'failed', 'cancelled'].includes(run.state)) {
        await say('end', run)
        return
      }
      await stream.sleep(LOOK)
    }

    async function tell({ progress, metrics }: Run): Promise<void> {
      if (told.get('') !== progress) {
        told.set('', progress)
        await say('progress', { progress })
      }
      for (const [name, value] of Object.entries(metrics)) {
        if (told.get(name) === value) continue
        told.set(name, value)
        await say('metric', { name, value })
      }
    }
  })
}

function idOf(told: ReadonlyMap<string, number>): string {
  return Buffer.from(JSON.stringify([...told])).toString('base64url')
}

/** An id that is none of ours says nothing. */
function heard(id: string | undefined): Map<string, number> {
  try {
    return new Map(Told.parse(JSON.parse(Buffer.from(id ?? '', 'base64url').toString())))
  } catch {
    return new Map()
  }
}
