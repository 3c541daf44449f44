import { PlatformError } from 'mezz/errors'
import type { ObjectRef, TableSession, Tables } from 'mezz/ports'
import { identifier } from 'mezz/tabular/quote'
import { columnNames } from './names.ts'
import { profile } from './profile.ts'
import type { VersionRow } from './queries.ts'
import type { Taken } from './take.ts'

export interface Labels {
  /** The version whose rows were labelled. */
  readonly annotated: VersionRow
  /** Parquet: `row`, which counts from 0, and its `label`. */
  readonly labels: ObjectRef
  /** What the labels become; two spellings that differ only in case are one column. */
  readonly column: string
}

/**
 * The newest version of a dataset with labels as a column of texts, in place of the one of its name or behind the last; a
 * row without a label has none. It may be newer than the one that was annotated where it begins with that one's rows, else
 * `unprocessable`. `null` where it holds these labels already.
 */
export async function withLabels(tables: Tables, newest: VersionRow, given: Labels): Promise<Taken | null> {
  const { annotated, labels, column } = given
  return tables.open({ data: newest.parts, before: annotated.parts, labels: [labels] }, async (session) => {
    if (newest.version !== annotated.version) await demandSameRows(session, newest, given)
    const at = newest.columns.findIndex(({ name }) => isSame(name, column))
    const name = newest.columns[at]?.name ?? column
    const names = newest.columns.map((one) => one.name)
    columnNames(at < 0 ? [...names, name] : names, '/column')
    const labelled = `(select label from range(${newest.rows}) r(row) left join labels l on l.row = r.row order by r.row)`
    if (newest.columns[at]?.type === 'text' && (await holds(session, name, labelled))) return null

    const old = names.filter((one) => one !== name).map((one) => `d.${identifier(one)}`)
    const selected = old.toSpliced(at < 0 ? old.length : at, 0, `l.label as ${identifier(name)}`)
    const { rows, ...part } = await session.store(
      `select ${selected.join(', ')} from data d positional join ${labelled} l`,
    )
    const table = `(select label as ${identifier(name)} from ${labelled})`
    const described = await profile(session, { columns: [{ name, type: 'text' }], rows, table })
    const others = newest.columns.filter((one) => one.name !== name)
    const columns = others.toSpliced(at < 0 ? others.length : at, 0, ...described)
    return { digest: `sha256:${part.sha256}`, bytes: part.bytes, rows, columns, part }
  })
}

/** Whether a column has just these labels. */
async function holds(session: TableSession, name: string, labelled: string): Promise<boolean> {
  const [other] = await session.query(
    `select 1 from data d positional join ${labelled} l where d.${identifier(name)} is distinct from l.label limit 1`,
  )
  return other === undefined
}

/** Throws unless a newer version begins with the rows that were annotated, in whose place the labels belong. */
async function demandSameRows(session: TableSession, newest: VersionRow, { annotated, column }: Labels): Promise<void> {
  const columns = annotated.columns.filter(({ name }) => !isSame(name, column))
  const missing = columns.find(
    ({ name, type }) => !newest.columns.some((one) => one.name === name && one.type === type),
  )
  if (missing) throw other(newest, annotated, `has no column ${missing.name} of type ${missing.type}`)
  if (newest.rows < annotated.rows) throw other(newest, annotated, `has ${newest.rows} rows, not ${annotated.rows}`)
  const names = columns.map(({ name }) => identifier(name))
  const differs = names.map((name) => `b.${name} is distinct from d.${name}`).join(' or ')
  const [row] = await session.query<{ row: number }>(`
    select row from (
      select row_number() over () - 1 as row, ${differs || 'false'} as differs
      from before b positional join (select * from data limit ${annotated.rows}) d
    ) where differs limit 1`)
  if (row) throw other(newest, annotated, `has another row ${row.row}`)
}

function other({ dataset, version }: VersionRow, annotated: VersionRow, how: string): PlatformError {
  return new PlatformError(
    'unprocessable',
    `${dataset}@${annotated.version} was annotated, and ${dataset}@${version}, which came in since, ${how}: ` +
      'export the labels of the project, or annotate the newer version',
  )
}

function isSame(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase()
}
