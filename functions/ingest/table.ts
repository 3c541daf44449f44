import type { TableSession } from 'mezz/ports'
import { literal } from 'mezz/tabular/quote'
import type { TypedTable } from './columns.ts'
import { selectTyped, typeColumns } from './columns.ts'
import { csvShape, LONGEST_RECORD } from './csv-shape.ts'
import type { Kind } from './kind.ts'
import { ndjsonToCsv } from './ndjson.ts'
import { typedParquet } from './parquet.ts'

/** Proves the form of a decoded file in the session's folder and finds the types of its columns. */
export async function typedTable(
  session: TableSession,
  { path, kind }: { readonly path: string; readonly kind: Kind },
): Promise<TypedTable> {
  if (kind === 'parquet') return typedParquet(session, path)
  if (kind === 'csv') return typedCsv(session, path)
  await ndjsonToCsv(path, `${path}.csv`)
  return typedCsv(session, `${path}.csv`)
}

async function typedCsv(session: TableSession, path: string): Promise<TypedTable> {
  const { delimiter, names, mixed } = await csvShape(path)
  const columns = names.map((name) => `${literal(name)}: 'VARCHAR'`).join(', ')
  // The form is proved, so the reader may be strict; mixed line ends are the one thing that only the lenient reader takes.
  const texts = `read_csv(${literal(path)}, auto_detect = false, header = false, skip = 1, delim = ${literal(delimiter)},
    quote = '"', escape = '"', strict_mode = ${!mixed}, null_padding = false, ignore_errors = false,
    max_line_size = ${LONGEST_RECORD}, columns = {${columns}})`
  const typed = await typeColumns(session, { names, texts })
  return { columns: typed, select: selectTyped(typed, texts) }
}
