import { PlatformError } from 'mezz/errors'
import { datasetIngested } from 'mezz/events'
import type { Sql, Transaction } from 'mezz/ports'
import type { VersionRow } from './queries.ts'
import { deletedUpTo, newestVersion, saveVersion } from './queries.ts'
import type { Known, Taken } from './take.ts'

type Types = typeof datasetIngested.type

/** Makes a taken table the newest version of a dataset and says so; what the newest version holds already changes nothing. */
export async function register(
  sql: Sql<Types>,
  dataset: string,
  taken: Taken | Known,
): Promise<{ readonly version: VersionRow; readonly fresh: boolean }> {
  return sql.transaction(async (tx) => {
    await tx.lock(dataset)
    const newest = await newestVersion(tx.query, dataset)
    if (newest?.digest === taken.digest) return { version: newest, fresh: false }
    if ('known' in taken) {
      throw new PlatformError('conflict', `another version of ${dataset} came in meanwhile: send this one again`)
    }
    const last = newest?.version ?? (await deletedUpTo(tx.query, dataset))
    await addVersion(tx, { dataset, version: last + 1, taken })
    const saved = await newestVersion(tx.query, dataset)
    if (!saved) throw new Error('a version that was stored in this transaction is not there')
    return { version: saved, fresh: true }
  })
}

/** Stores a version of a dataset, whose lock this transaction has, and says so. */
export async function addVersion(
  tx: Transaction<Types>,
  { dataset, version, taken }: { readonly dataset: string; readonly version: number; readonly taken: Taken },
): Promise<void> {
  const { digest, bytes, rows, columns, part } = taken
  await saveVersion(tx.query, { dataset, version, digest, bytes, rows, columns, parts: [part] })
  await tx.keep(`datasets/${dataset}/${version}`, [part])
  const schema = columns.map(({ name, type }) => ({ name, type }))
  tx.emit(datasetIngested, { dataset, version, kind: 'table', parts: [part], schema, rows, digest })
}
