import type { TableSession } from 'mezz/ports'
import { identifier } from 'mezz/tabular/quote'
import type { ColumnType } from 'mezz/tabular/value'
import { fitsSql, missingSql, SQL_TYPE, valueSql } from 'mezz/tabular/value-sql'

export interface Column {
  readonly name: string
  readonly type: ColumnType
}

/** A table as it is to be stored: its columns, and the SELECT that gives its rows as values of their types. */
export interface TypedTable {
  readonly columns: readonly Column[]
  readonly select: string
}

const GUESSES: readonly ColumnType[] = ['number', 'boolean', 'time']
/** What the first rows rule out for a column need not be asked of all the others. */
const SAMPLE = 2000

/** The type of each column of texts: the first of number, boolean, time that every value fits which is not missing, else text. */
export async function typeColumns(
  session: TableSession,
  { names, texts }: { readonly names: readonly string[]; readonly texts: string },
): Promise<Column[]> {
  const sampled = await rule(
    session,
    `(select * from ${texts} limit ${SAMPLE})`,
    names.map((name) => ({ name, guesses: GUESSES })),
  )
  const open = sampled.filter(({ guesses }) => guesses.length > 0)
  const proved = open.length > 0 ? await rule(session, texts, open) : []
  const types = new Map(proved.map(({ name, guesses, filled }) => [name, filled ? guesses[0] : undefined]))
  return names.map((name) => ({ name, type: types.get(name) ?? 'text' }))
}

interface Guess {
  readonly name: string
  readonly guesses: readonly ColumnType[]
}

/** One scan: which guesses each column's values leave, and whether it has any value that is not missing. */
async function rule(
  session: TableSession,
  from: string,
  columns: readonly Guess[],
): Promise<(Guess & { filled: boolean })[]> {
  const checks = columns.flatMap(({ name, guesses }, i) => {
    const text = identifier(name)
    return [
      `coalesce(bool_or(not ${missingSql('number', text)}), false) as "f${i}"`,
      ...guesses.map((type) => `bool_and(${missingSql(type, text)} or ${fitsSql(type, text)}) as "${type}${i}"`),
    ]
  })
  const [found = {}] = await session.query<Record<string, boolean>>(`select ${checks.join(', ')} from ${from}`)
  return columns.map(({ name, guesses }, i) => ({
    name,
    guesses: guesses.filter((type) => found[`${type}${i}`]),
    filled: found[`f${i}`] ?? false,
  }))
}

/** A SELECT of the texts as values of their columns' types, in the order of the rows. */
export function selectTyped(columns: readonly Column[], texts: string): string {
  const values = columns.map(({ name, type }) => {
    return `(${valueSql(type, identifier(name))})::${SQL_TYPE[type]} as ${identifier(name)}`
  })
  return `select ${values.join(', ')} from ${texts}`
}
