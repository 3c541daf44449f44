import type { Tables } from 'mezz/ports'
import type { TableVersion } from './queries.ts'

export type Row = Readonly<Record<string, number | string | boolean | null>>

type Source = Pick<TableVersion, 'parts' | 'rows'>

/** Bytes of stored rows, which are packed, that are read at once; and how many rows that may be. */
const WINDOW_BYTES = 2 ** 20
const [FEWEST, MOST] = [8, 1000]
const KEPT = 8

/** Reads single rows of tables, near ones fast: a table is read in windows, of which the last few are kept. */
export function rowReader(tables: Tables): (source: Source, row: number) => Promise<Row> {
  const windows = new Map<string, Promise<readonly Row[]>>()

  return async function read(source, row) {
    const size = windowSize(source)
    const first = row - (row % size)
    const key = `${source.parts.map(({ sha256 }) => sha256)} ${first}`
    const window = windows.get(key) ?? readWindow(tables, source, { first, size })
    // The one that was used last stands last.
    windows.delete(key)
    windows.set(key, window)
    for (const old of [...windows.keys()].slice(0, -KEPT)) windows.delete(old)
    try {
      const found = (await window)[row - first]
      if (!found) throw new Error(`row ${row} is not in a table of ${source.rows} rows`)
      return found
    } catch (error) {
      if (windows.get(key) === window) windows.delete(key)
      throw error
    }
  }
}

function windowSize({ parts, rows }: Source): number {
  const bytes = parts.reduce((sum, part) => sum + part.bytes, 0)
  return Math.min(MOST, Math.max(FEWEST, Math.floor((WINDOW_BYTES * rows) / bytes)))
}

function readWindow(
  tables: Tables,
  { parts }: Source,
  { first, size }: { readonly first: number; readonly size: number },
): Promise<readonly Row[]> {
  return tables.open({ data: parts }, (session) =>
    session.query<Row>('select * from data limit ? offset ?', [size, first]),
  )
}
