import type { Context } from 'hono'
import { streamSSE } from 'hono/streaming'
import type { Sql } from 'mezz/ports'
import { findRun } from './queries.ts'
import type { Run } from './run.ts'
import { shownRun } from './run.ts'

const LOOK = 250
const RETRY = 1000

/** A run's progress as server-sent events: `progress`, `metric`, and `end` with the whole run; ends itself after `lasts` ms, to be asked again. */
export function streamProgress(
  c: Context,
  sql: Sql<never>,
  { id, lasts }: { readonly id: string; readonly lasts: number },
): Response {
  return streamSSE(c, async (stream) => {
    const until = Date.now() + lasts
    const told = new Map<string, number>()
    let n = 0
    const say = (event: string, data: unknown): Promise<void> =>
      stream.writeSSE({ id: String(++n), event, data: JSON.stringify(data), retry: RETRY })

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
      if (told.get('') !== progress) await say('progress', { progress })
      told.set('', progress)
      for (const [name, value] of Object.entries(metrics)) {
        if (told.get(name) !== value) await say('metric', { name, value })
        told.set(name, value)
      }
    }
  })
}
