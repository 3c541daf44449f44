import type { TableSession } from 'mezz/ports'
import { identifier, literal } from 'mezz/tabular/quote'
import type { ColumnType } from 'mezz/tabular/value'
import { SQL_TYPE } from 'mezz/tabular/value-sql'
import type { TypedTable } from './columns.ts'
import { columnNames, refused } from './names.ts'

const SMALL = /^U?(?:TINYINT|SMALLINT|INTEGER)$|^(?:FLOAT|DOUBLE)$|^DECIMAL/
const WIDE = /^U?(?:BIGINT|HUGEINT)$/
/** The largest integers that a column of numbers may hold; one with larger ones is of ids, kept as text. */
const EXACT = '999999999999999'

/** A Parquet file as a table of our types: what is neither number, truth value nor time is kept as its text. */
export async function typedParquet(session: TableSession, path: string): Promise<TypedTable> {
  const file = `read_parquet(${literal(path)})`
  const found = await describe(session, path, file)
  const ids = await wideIds(session, file, found)
  const columns = found.map(({ name, type }) => ({ name, type: ids.has(name) ? 'text' : columnType(type) }))
  const values = found.map(({ name, type }, i) => {
    const wanted = columns[i]?.type ?? 'text'
    return `(${value(identifier(name), { type, wanted })})::${SQL_TYPE[wanted]} as ${identifier(name)}`
  })
  return { columns, select: `select ${values.join(', ')} from ${file}` }
}

interface Found {
  readonly name: string
  /** DuckDB's name of its type. */
  readonly type: string
}

async function describe(session: TableSession, path: string, file: string): Promise<Found[]> {
  let found: { column_name: string; column_type: string }[]
  let elements: { name: string; num_children: number | null }[]
  try {
    found = await session.query(`describe select * from ${file}`)
    elements = await session.query(`select name, num_children from parquet_schema(${literal(path)})`)
  } catch (error) {
    throw refused([{ pointer: '', reason: 'is no Parquet file that can be read' }], error)
  }
  // DuckDB renames the second of two columns of one name; the file's own schema has them both.
  columnNames(topLevel(elements), '')
  return found.map(({ column_name, column_type }) => ({ name: column_name, type: column_type }))
}

/** The names of the schema's first level: its elements lie in the order of a walk, each before its children. */
function topLevel(elements: readonly { name: string; num_children: number | null }[]): string[] {
  const names: string[] = []
  let at = 1
  const skip = (): void => {
    const children = elements[at++]?.num_children ?? 0
    for (let i = 0; i < children; i++) skip()
  }
  while (at < elements.length) {
    names.push(elements[at]?.name ?? '')
    skip()
  }
  return names
}

/** Columns of wide integers that hold one which a double might not. */
async function wideIds(session: TableSession, file: string, found: readonly Found[]): Promise<Set<string>> {
  const wide = found.filter(({ type }) => WIDE.test(type))
  if (wide.length === 0) return new Set()
  const checks = wide.map(({ name }, i) => {
    const value = identifier(name)
    return `coalesce(max(${value}) > ${EXACT} or min(${value}) < -${EXACT}, false) as "c${i}"`
  })
  const [large = {}] = await session.query<Record<string, boolean>>(`select ${checks.join(', ')} from ${file}`)
  return new Set(wide.filter((_, i) => large[`c${i}`]).map(({ name }) => name))
}

function columnType(type: string): ColumnType {
  if (SMALL.test(type) || WIDE.test(type)) return 'number'
  if (type === 'BOOLEAN') return 'boolean'
  return type === 'DATE' || type.startsWith('TIMESTAMP') ? 'time' : 'text'
}

function value(column: string, { type, wanted }: { readonly type: string; readonly wanted: ColumnType }): string {
  // Parquet's NaN is our missing; an infinity is no JSON number, so nothing could ask for it.
  if (type === 'FLOAT' || type === 'DOUBLE') return `case when isfinite(${column}) then ${column} end`
  if (type === 'DATE') return column
  // A time with a zone lies as UTC; a cast would want the zones' extension.
  if (wanted === 'time') return `make_timestamp(epoch_us(${column}))`
  return wanted === 'text' ? `nullif(${column}::varchar, '')` : column
}
