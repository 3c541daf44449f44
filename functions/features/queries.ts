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
    on conflict (name) do update set dataset = excluded.dataset, leave_out = excluded.leave_out`
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

/** Stores an extraction; its time is this transaction's. */
export async function saveExtraction(query: Query, extraction: Omit<ExtractionRow, 'at'>): Promise<void> {
  const { id, view, dataset, version, leaveOut, definition, table, columns, rows, reason } = extraction
  await query`
    insert into extractions (id, view, dataset, version, leave_out, definition, "table", columns, rows, reason)
    values (${id}, ${view}, ${dataset}, ${version}, ${leaveOut}, ${definition}, ${table}, ${columns}, ${rows}, ${reason})`
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
