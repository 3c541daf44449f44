import type { TableSession } from 'mezz/ports'
import { parseTime } from 'mezz/tabular/time'
import type { ColumnType } from 'mezz/tabular/value'
import { isMissing, parseBoolean, parsePlainNumber } from 'mezz/tabular/value'

/** The types other than text that a column's first values leave open, and whether any of these was not missing. */
export interface Guess {
  readonly name: string
  readonly types: readonly ColumnType[]
  readonly filled: boolean
}

const PARSE = { number: parsePlainNumber, boolean: parseBoolean, time: parseTime } as const
const TYPES = ['number', 'boolean', 'time'] as const
const MOST_ROWS = 2000
const MOST_VALUES = 200_000

/** Reads the first rows of a table of texts, none of which a type may contradict. */
export async function guessColumns(session: TableSession, names: readonly string[], texts: string): Promise<Guess[]> {
  const rows = Math.max(50, Math.min(MOST_ROWS, Math.floor(MOST_VALUES / names.length)))
  const sample = await session.query<Record<string, string | null>>(`select * from ${texts} limit ${rows}`)
  return names.map((name) => {
    const values = sample.map((row) => row[name] ?? '').filter((text) => !isMissing('number', text))
    const types = TYPES.filter((type) => values.every((text) => PARSE[type](text) !== undefined))
    return { name, types, filled: values.length > 0 }
  })
}
