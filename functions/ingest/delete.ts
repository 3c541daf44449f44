import { PlatformError } from 'mezz/errors'
import { datasetDeleted } from 'mezz/events'
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
