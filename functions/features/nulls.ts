import type { TableSession } from 'mezz/ports'
import { identifier } from 'mezz/tabular/quote'

/** Columns in one query: DuckDB's planner takes time with the square of the aggregates. */
const AT_ONCE = 100

/** How many values each of these columns of the view `data` lacks, in their order. */
export async function countNulls(session: TableSession, names: readonly string[]): Promise<number[]> {
  const counts: number[] = []
  for (let i = 0; i < names.length; i += AT_ONCE) {
    const some = names.slice(i, i + AT_ONCE)
    const columns = some.map((name, j) => `count(*) - count(${identifier(name)}) as "n${j}"`)
    const [found = {}] = await session.query<Record<string, number>>(`select ${columns.join(', ')} from data`)
    counts.push(...some.map((_, j) => found[`n${j}`] ?? 0))
  }
  return counts
}
