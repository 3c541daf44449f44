import type { TableSession } from 'mezz/ports'
import { literal } from 'mezz/tabular/quote'
import type { TypedTable } from './columns.ts'
import { proveColumns, selectTyped } from './columns.ts'
import { csvShape, LONGEST_RECORD } from './csv-shape.ts'
import { guessColumns } from './guess.ts'
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
  const varchars = names.map((name) => `${literal(name)}: 'VARCHAR'`).join(', ')
  // The form is proved, so the reader may be strict; mixed line ends are the one thing that only the lenient reader takes.
  const texts = `read_csv(${literal(path)}, auto_detect = false, header = false, skip = 1, delim = ${literal(delimiter)},
    quote = '"', escape = '"', strict_mode = ${!mixed}, null_padding = false, ignore_errors = false,
    max_line_size = ${LONGEST_RECORD}, columns = {${varchars}})`
  const guesses = await guessColumns(session, names, texts)
  const unseen = guesses.filter(({ filled }) => !filled)
  const proved = new Map((await proveColumns(session, texts, unseen)).map(({ name, type }) => [name, type]))
  const columns = guesses.map(({ name, types }) => ({ name, type: proved.get(name) ?? types[0] ?? 'text' }))
  return {
    columns,
    select: selectTyped(columns, texts),
    async prove() {
      const certain = await proveColumns(session, texts, guesses)
      return { columns: certain, select: selectTyped(certain, texts) }
    },
  }
}
