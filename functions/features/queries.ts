import type { ObjectRef, Query } from 'mezz/ports'
import type { TableVersion } from './extract.ts'

export interface ViewRow {
  readonly name: string
  readonly dataset: string
  readonly leaveOut: readonly string[]
}

/** Either with its blobs and columns, or with the reason why there are none. */
export interface ExtractionRow {
  readonly id: string
  readonly view: string
  readonly dataset: string
  readonly version: number
  readonly leaveOut: readonly string[]
  readonly definition: ObjectRef | null
  readonly table: ObjectRef | null
  readonly columns: readonly string[] | null
  readonly rows: number | null
  readonly reason: string | null
  readonly at: Date
}

export async function saveVersion(
  query: Query,
  { dataset, version, parts, columns, rows }: TableVersion,
): Promise<void> {
  await query`
    insert into versions (dataset, version, parts, columns, rows) values (${dataset}, ${version}, ${parts}, ${columns}, ${rows})
    on conflict do nothing`
}

/** The newest version that was heard of, or `null`. */
export async function newestVersion(query: Query, dataset: string): Promise<TableVersion | null> {
  const [row] = await query<TableVersion>`
    select * from versions where dataset = ${dataset} order by version desc limit 1`
  return row ?? null
}

/** Puts a view in the place of an older one of its name. */
export async function saveView(query: Query, { name, dataset, leaveOut }: ViewRow): Promise<void> {
  await query`
    insert into views (name, dataset, leave_out) values (${name}, ${dataset}, ${leaveOut})
    on conflict (name) do update set dataset = excluded.dataset, leave_out = excluded.leave_out,
      put_at = clock_timestamp()`
}

/** `null` where there is no view of this name. */
export async function findView(query: Query, name: string): Promise<ViewRow | null> {
  const [row] = await query<ViewRow>`select name, dataset, leave_out as "leaveOut" from views where name = ${name}`
  return row ?? null
}

/** The views of a dataset, by name; in a transaction, none of them changes until its end. */
export async function viewsOf(query: Query, dataset: string): Promise<ViewRow[]> {
  return query`
    select name, dataset, leave_out as "leaveOut" from views where dataset = ${dataset} order by name for update`
}

/** Adds a view unless there is one of its name. */
export async function addView(query: Query, { name, dataset, leaveOut }: ViewRow): Promise<void> {
  await query`
    insert into views (name, dataset, leave_out) values (${name}, ${dataset}, ${leaveOut}) on conflict do nothing`
}

/** Stores an extraction; its time is this transaction's. Answers with its number: later ones have higher ones. */
export async function saveExtraction(query: Query, extraction: Omit<ExtractionRow, 'at'>): Promise<number> {
  const { id, view, dataset, version, leaveOut, definition, table, columns, rows, reason } = extraction
  const [row] = await query<{ n: number }>`
    insert into extractions (id, view, dataset, version, leave_out, definition, "table", columns, rows, reason)
    values (${id}, ${view}, ${dataset}, ${version}, ${leaveOut}, ${definition}, ${table}, ${columns}, ${rows}, ${reason})
    returning n`
  if (!row) throw new Error(`extraction ${id} was not stored`)
  return row.n
}

/** The last extraction of a view, or `null`. */
export async function lastExtraction(query: Query, view: string): Promise<ExtractionRow | null> {
  const [row] = await query<ExtractionRow>`
    select id, view, dataset, version, leave_out as "leaveOut", definition, "table", columns, rows, reason, at
    from extractions where view = ${view} order by n desc limit 1`
  return row ?? null
}

/** Extractions of a view, or of all, in the order in which they were made, beyond the one of id `after`. */
export async function listExtractions(
  query: Query,
  { view, after, limit }: { readonly view: string | null; readonly after: string; readonly limit: number },
): Promise<ExtractionRow[]> {
  return query`
    select id, view, dataset, version, leave_out as "leaveOut", definition, "table", columns, rows, reason, at
    from extractions
    where (${view}::text is null or view = ${view}) and n > coalesce((select n from extractions where id = ${after}), 0)
    order by n limit ${limit}`
}

/** Up to which version a dataset of this name was deleted; 0 where none was. */
export async function deletedUpTo(query: Query, dataset: string): Promise<number> {
  const [row] = await query<{ versions: number }>`select versions from deleted where dataset = ${dataset}`
  return row?.versions ?? 0
}

/** Forgets the versions of a dataset up to this one, and remembers that they are gone. */
export async function forgetVersions(query: Query, dataset: string, versions: number): Promise<void> {
  await query`
    insert into deleted as known (dataset, versions) values (${dataset}, ${versions})
    on conflict (dataset) do update set versions = greatest(known.versions, excluded.versions)`
  await query`delete from versions where dataset = ${dataset} and version <= ${versions}`
}

/** The same, and until the transaction's end nobody else changes it or extracts by it. */
export async function holdView(query: Query, name: string): Promise<ViewRow | null> {
  const [row] = await query<ViewRow>`
    select name, dataset, leave_out as "leaveOut" from views where name = ${name} for update`
  return row ?? null
}

/** The views of a dataset that were put before a time, by name; none of them changes until the transaction's end. */
export async function viewsPutBefore(query: Query, dataset: string, time: string): Promise<ViewRow[]> {
  return query`
    select name, dataset, leave_out as "leaveOut" from views
    where dataset = ${dataset} and put_at <= ${time}::timestamptz + interval '1 millisecond' order by name for update`
}

/** Deletes the extractions of a dataset's versions up to this one, of whatever views; answers with their ids. */
export async function deleteExtractionsOf(query: Query, dataset: string, versions: number): Promise<string[]> {
  const rows = await query<{ id: string }>`
    delete from extractions where dataset = ${dataset} and version <= ${versions} returning id`
  return rows.map(({ id }) => id)
}

/** Deletes a view with its extractions; answers with their ids, and with the highest of their numbers. */
export async function deleteView(
  query: Query,
  view: string,
): Promise<{ readonly ids: string[]; readonly highest: number }> {
  const rows = await query<{ id: string; n: number }>`delete from extractions where view = ${view} returning id, n`
  await query`delete from views where name = ${view}`
  return { ids: rows.map(({ id }) => id), highest: Math.max(0, ...rows.map(({ n }) => n)) }
}
