import { PlatformError } from 'mezz/errors'
import { datasetDeleted } from 'mezz/events'
import type { Hanging } from 'mezz/hanging'
import { hangingOn } from 'mezz/hanging'
import type { Sql } from 'mezz/ports'
import { deleteVersions, versionNumbers } from './queries.ts'

/** Deletes a dataset with all its versions, and says so; one that is not there is `not_found`. */
export async function remove(sql: Sql<typeof datasetDeleted.type>, dataset: string): Promise<void> {
  await sql.transaction(async (tx) => {
    await tx.lock(dataset)
    const versions = await versionNumbers(tx.query, dataset)
    const newest = versions.at(-1)
    if (newest === undefined) throw new PlatformError('not_found', `no dataset ${dataset}`)
    const at = await deleteVersions(tx.query, dataset, newest)
    for (const version of versions) await tx.release(`datasets/${dataset}/${version}`)
    tx.emit(datasetDeleted, { dataset, versions: newest, deletedAt: at.toISOString() })
  })
}

/** What was made of it; its extractions go with it, and so do the views that made them. */
export async function whatHangs(sql: Pick<Sql, 'madeFrom'>, name: string): Promise<Hanging> {
  const made = await hangingOn(sql, { kind: 'datasets', name, goes: ['extractions'] })
  return { name, hangs: [...viewsBehind(made.hangs), ...made.hangs] }
}

/** The views that made these extractions, each once. */
export function viewsBehind(hangs: Hanging['hangs']): Hanging['hangs'] {
  const names = hangs.flatMap(({ kind, name }) => (kind === 'extractions' ? [name] : []))
  return [...new Set(names)].map((name) => ({ kind: 'views', name, goes: true }))
}
