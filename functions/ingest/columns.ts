import type { TableSession } from 'mezz/ports'
import { identifier, literal } from 'mezz/tabular/quote'
import type { ColumnType } from 'mezz/tabular/value'
import { PATTERN } from 'mezz/tabular/value'
import { fitsSql, missingSql, SQL_TYPE, valueSql } from 'mezz/tabular/value-sql'
import type { Guess } from './guess.ts'

export interface Column {
  readonly name: string
  readonly type: ColumnType
}

/** A table as it is to be stored: its columns, and the SELECT that gives its rows as values of their types. */
export interface TypedTable {
  readonly columns: readonly Column[]
  readonly select: string
  /** Where the types are a guess: finds the true ones, when the SELECT has failed on a value that does not fit (`isMisfit`). */
  prove?(): Promise<TypedTable>
}

const MISFIT = 'mezz: this value does not fit the type of its column'
/** DuckDB's planner takes time with the square of the aggregates in one query. */
const AT_ONCE = 50

/** Scans all texts for the guesses that hold: the first of each column is its type, and text where none does or nothing is there. */
export async function proveColumns(session: TableSession, texts: string, guesses: readonly Guess[]): Promise<Column[]> {
  const columns: Column[] = []
  for (let i = 0; i < guesses.length; i += AT_ONCE) {
    columns.push(...(await proveSome(session, texts, guesses.slice(i, i + AT_ONCE))))
  }
  return columns
}

async function proveSome(session: TableSession, texts: string, guesses: readonly Guess[]): Promise<Column[]> {
  const checks = guesses.flatMap(({ name, types }, i) => {
    const text = identifier(name)
    const fits = types.map((type) => `bool_and(${missingSql(type, text)} or ${fitsSql(type, text)}) as "${type}${i}"`)
    return types.length > 0 ? [`bool_or(not ${missingSql('number', text)}) as "filled${i}"`, ...fits] : []
  })
  if (checks.length === 0) return guesses.map(({ name }) => ({ name, type: 'text' }))
  const [found = {}] = await session.query<Record<string, boolean>>(`select ${checks.join(', ')} from ${texts}`)
  return guesses.map(({ name, types }, i) => {
    const type = found[`filled${i}`] ? types.find((one) => found[`${one}${i}`]) : undefined
    return { name, type: type ?? 'text' }
  })
}

/** A SELECT of the texts as values of their columns' types, in the order of the rows; it fails on a value that does not fit. */
export function selectTyped(columns: readonly Column[], texts: string): string {
  const values = columns.map(({ name, type }) => `${checked(type, identifier(name))} as ${identifier(name)}`)
  return `select ${values.join(', ')} from ${texts}`
}

/** Whether a SELECT of `selectTyped` failed on a value that does not fit. */
export function isMisfit(error: unknown): boolean {
  return error instanceof Error && error.message.includes(MISFIT)
}

function checked(type: ColumnType, text: string): string {
  const misfit = `error(${literal(MISFIT)})::${SQL_TYPE[type]}`
  switch (type) {
    case 'text':
      return valueSql(type, text)
    case 'number': {
      // Each step holds a vector for each column: in a wide table of numbers, steps are memory.
      const number = `try_cast(${text} as double)`
      const known = `regexp_full_match(trim(${text}, ' '), ${literal(`${PATTERN.plainNumber}|${PATTERN.missing}`)})`
      return `case when not coalesce(${known}, true) or isinf(${number}) then ${misfit} when isfinite(${number}) then ${number} end`
    }
    default:
      return `case when ${missingSql(type, text)} then null when ${fitsSql(type, text)} then ${valueSql(type, text)} else ${misfit} end`
  }
}
