import { PlatformError } from 'mezz/errors'
import type { datasetIngested } from 'mezz/events'
import type { ObjectRef, Ports } from 'mezz/ports'
import { withLabels } from './labels.ts'
import { deletedUpTo, findVersion, newestVersion } from './queries.ts'
import { addVersion } from './register.ts'

export interface Annotated {
  readonly dataset: string
  /** The version whose rows were labelled. */
  readonly version: number
  readonly labels: ObjectRef
  readonly column: string
}

/** Makes the labels of a project a column of a new version of its dataset, and says so; what the newest version holds already, or what is of a deleted dataset, changes nothing. */
export async function takeAnnotated(
  { sql, tables }: Pick<Ports<typeof datasetIngested.type>, 'sql' | 'tables'>,
  { dataset, version, labels, column }: Annotated,
): Promise<void> {
  const annotated = await findVersion(sql.query, dataset, version)
  const newest = await newestVersion(sql.query, dataset)
  if (!annotated && version <= (await deletedUpTo(sql.query, dataset))) return
  if (!annotated || !newest) throw new PlatformError('unprocessable', `there is no ${dataset}@${version} any more`)
  const taken = await withLabels(tables, newest, { annotated, labels, column })
  await sql.transaction(async (tx) => {
    await tx.lock(dataset)
    if (version <= (await deletedUpTo(tx.query, dataset))) return
    const now = await newestVersion(tx.query, dataset)
    if (now?.version !== newest.version) {
      throw new PlatformError('unavailable', `another version of ${dataset} came in meanwhile`, { retryAfter: 1 })
    }
    if (taken) await addVersion(tx, { dataset, version: newest.version + 1, taken })
  })
}
