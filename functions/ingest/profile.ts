import type { TableSession } from 'mezz/ports'
import { identifier } from 'mezz/tabular/quote'
import type { Column } from './columns.ts'

/** A column as callers see it; `distinct` counts values that are not missing, and is approximate for a large table. */
export interface ProfiledColumn extends Column {
  readonly nulls: number
  readonly distinct: number
  readonly min?: number | string | boolean
  readonly max?: number | string | boolean
}

/** Columns in one query: DuckDB's planner takes time with the square of the aggregates, and counting takes memory for each. */
const AT_ONCE = 25
/** As many values as are counted one by one. */
const EXACT = 1_000_000
/** Characters of a text that a minimum or maximum keeps. */
const SHOWN = 100

/** Counts and bounds of each column of a typed table, a few in one scan. */
export async function profile(
  session: TableSession,
  { columns, rows, table }: { readonly columns: readonly Column[]; readonly rows: number; readonly table: string },
): Promise<ProfiledColumn[]> {
  const described: ProfiledColumn[] = []
  for (let i = 0; i < columns.length; i += AT_ONCE) {
    described.push(...(await profileSome(session, { columns: columns.slice(i, i + AT_ONCE), rows, table })))
  }
  return described
}

async function profileSome(
  session: TableSession,
  { columns, rows, table }: { readonly columns: readonly Column[]; readonly rows: number; readonly table: string },
): Promise<ProfiledColumn[]> {
  const exact = rows * columns.length <= EXACT
  const facts = columns.flatMap(({ name, type }, i) => {
    const value = identifier(name)
    const shown = (bound: string) =>
      type === 'text' ? `replace(left(${bound}(${value}), ${SHOWN}), chr(0), '')` : `${bound}(${value})`
    return [
      `count(*) - count(${value}) as "nulls${i}"`,
      `${exact ? `count(distinct ${value})` : `approx_count_distinct(${value})`} as "distinct${i}"`,
      `${shown('min')} as "min${i}"`,
      `${shown('max')} as "max${i}"`,
    ]
  })
  const [found = {}] = await session.query<Record<string, number | string | boolean | null>>(
    `select ${facts.join(', ')} from ${table}`,
  )
  return columns.map((column, i) => {
    const { [`min${i}`]: min, [`max${i}`]: max } = found
    return {
      ...column,
      nulls: Number(found[`nulls${i}`]),
      distinct: Number(found[`distinct${i}`]),
      ...(min === null || min === undefined ? {} : { min }),
      ...(max === null || max === undefined ? {} : { max }),
    }
  })
}
