import type { ObjectRef, Query } from 'mezz/ports'
import type { ProfiledColumn } from './profile.ts'

export interface VersionRow {
  readonly dataset: string
  readonly version: number
  /** `sha256:` + hex of the decoded bytes. */
  readonly digest: string
  readonly bytes: number
  readonly rows: number
  readonly columns: readonly ProfiledColumn[]
  readonly parts: readonly ObjectRef[]
  readonly at: Date
}

/** Stores a version; its time is this transaction's. */
export async function saveVersion(query: Query, version: Omit<VersionRow, 'at'>): Promise<void> {
  const { dataset, digest, bytes, rows, columns, parts } = version
  await query`
    insert into versions (dataset, version, digest, bytes, rows, columns, parts)
    values (${dataset}, ${version.version}, ${digest}, ${bytes}, ${rows}, ${columns}, ${parts})`
}

/** The newest version of a dataset, or `null`. */
export async function newestVersion(query: Query, dataset: string): Promise<VersionRow | null> {
  const [row] = await query<VersionRow>`
    select * from versions where dataset = ${dataset} order by version desc limit 1`
  return row ?? null
}

/** `null` where there is no such version. */
export async function findVersion(query: Query, dataset: string, version: number): Promise<VersionRow | null> {
  const [row] = await query<VersionRow>`select * from versions where dataset = ${dataset} and version = ${version}`
  return row ?? null
}

/** The newest version of each dataset, by name, beyond `after`. */
export async function listDatasets(
  query: Query,
  { after, limit }: { readonly after: string; readonly limit: number },
): Promise<Omit<VersionRow, 'columns' | 'parts'>[]> {
  return query`
    select distinct on (dataset) dataset, version, digest, bytes, rows, at from versions
    where dataset > ${after} order by dataset, version desc limit ${limit}`
}
