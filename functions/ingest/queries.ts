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

/** Deletes all versions of a dataset, whose lock this transaction has, and remembers up to which and when. */
export async function deleteVersions(query: Query, dataset: string, newest: number): Promise<Date> {
  await query`delete from versions where dataset = ${dataset}`
  const [row] = await query<{ at: Date }>`
    insert into deleted (dataset, versions) values (${dataset}, ${newest})
    on conflict (dataset) do update set versions = excluded.versions, at = excluded.at
    returning at`
  if (!row) throw new Error(`the deletion of ${dataset} was not stored`)
  return row.at
}

/** The numbers of a dataset's versions, in their order. */
export async function versionNumbers(query: Query, dataset: string): Promise<number[]> {
  const rows = await query<{ version: number }>`
    select version from versions where dataset = ${dataset} order by version`
  return rows.map(({ version }) => version)
}

/** Up to which version a dataset of this name was deleted; 0 where none was. */
export async function deletedUpTo(query: Query, dataset: string): Promise<number> {
  const [row] = await query<{ versions: number }>`select versions from deleted where dataset = ${dataset}`
  return row?.versions ?? 0
}
