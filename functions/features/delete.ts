import { PlatformError } from 'mezz/errors'
import type { datasetDeleted } from 'mezz/events'
import { viewDeleted } from 'mezz/events'
import type { Sql, Transaction } from 'mezz/ports'
import type * as z from 'zod'
import { deleteExtractionsOf, deleteView, forgetVersions, holdView, newestVersion, viewsPutBefore } from './queries.ts'

type Tx = Transaction<typeof viewDeleted.type>

/** Deletes a view with its extractions, and says so; one that is not there is `not_found`. */
export async function remove(sql: Sql<typeof viewDeleted.type>, view: string): Promise<void> {
  await sql.transaction(async (tx) => {
    if (!(await holdView(tx.query, view))) throw new PlatformError('not_found', `no view ${view}`)
    await takeAway(tx, view)
  })
}

/** What a dataset's deletion means here: its versions and their extractions go, and its views, unless they were put since or see a version that came in since. */
export async function forgetDataset(
  tx: Tx,
  { dataset, versions, deletedAt }: z.infer<typeof datasetDeleted.data>,
): Promise<void> {
  await tx.lock(dataset)
  await forgetVersions(tx.query, dataset, versions)
  const anew = (await newestVersion(tx.query, dataset)) !== null
  for (const { name } of await viewsPutBefore(tx.query, dataset, deletedAt)) {
    if (!(anew && name === dataset)) await takeAway(tx, name)
  }
  await release(tx, await deleteExtractionsOf(tx.query, dataset, versions))
}

async function takeAway(tx: Tx, view: string): Promise<void> {
  const { ids, highest } = await deleteView(tx.query, view)
  await release(tx, ids)
  tx.emit(viewDeleted, { view, extractions: highest })
}

async function release(tx: Tx, extractions: readonly string[]): Promise<void> {
  for (const id of extractions) await tx.release(`extractions/${id}`)
}
