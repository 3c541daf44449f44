import { PlatformError } from 'mezz/errors'
import { scriptDeleted } from 'mezz/events'
import type { Hanging } from 'mezz/hanging'
import { hangingOn } from 'mezz/hanging'
import type { Sql } from 'mezz/ports'
import { markDeleted } from '../deleted-queries.ts'
import { pipelinesOfScript } from '../queries.ts'
import { deleteScript } from './queries.ts'

/** Deletes a script with all its versions, and says so; one that is not there is `not_found`. Runs by it go on: they have it to themselves. */
export async function remove(sql: Sql<typeof scriptDeleted.type>, script: string): Promise<void> {
  await sql.transaction(async (tx) => {
    await tx.lock(`scripts/${script}`)
    const versions = await deleteScript(tx.query, script)
    const newest = versions.at(-1)
    if (newest === undefined) throw new PlatformError('not_found', `no script ${script}`)
    await markDeleted(tx.query, { kind: 'script', name: script, upTo: newest })
    for (const version of versions) await tx.release(`scripts/${script}/${version}`)
    tx.emit(scriptDeleted, { script, versions: newest })
  })
}

/** What it has trained stays, and so do its pipelines, which wait for a script of its name. */
export async function whatHangs(sql: Pick<Sql, 'query' | 'madeFrom'>, name: string): Promise<Hanging> {
  const made = await hangingOn(sql, { kind: 'scripts', name })
  const pipelines = await pipelinesOfScript(sql.query, name)
  return {
    name,
    hangs: [...pipelines.map((one) => ({ kind: 'pipelines', name: one.name, goes: false })), ...made.hangs],
  }
}
