import type { Tables } from 'mezz/ports'
import type { VersionRow } from './queries.ts'

type Row = Record<string, number | string | boolean | null>

/** Rows of a version in their order, after the first `after` ones; `next` is where the following ones begin. */
export async function readRows(
  tables: Tables,
  { parts, rows }: Pick<VersionRow, 'parts' | 'rows'>,
  { limit, after }: { readonly limit: number; readonly after: number },
): Promise<{ items: Row[]; next?: string }> {
  const items = await tables.open({ data: parts }, (session) =>
    session.query<Row>('select * from data limit ? offset ?', [limit, after]),
  )
  const end = after + items.length
  return { items, ...(end < rows && items.length > 0 ? { next: String(end) } : {}) }
}
