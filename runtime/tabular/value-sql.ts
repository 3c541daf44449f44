import { literal } from './quote.ts'
import { TIME } from './time.ts'
import type { ColumnType } from './value.ts'
import { PATTERN } from './value.ts'

/** How a column type lies in Parquet. */
export const SQL_TYPE: Readonly<Record<ColumnType, string>> = {
  number: 'DOUBLE',
  boolean: 'BOOLEAN',
  time: 'TIMESTAMP',
  text: 'VARCHAR',
}

/** Whether a VARCHAR expression stands for no value in a column of this type; never NULL. */
export function missingSql(type: ColumnType, text: string): string {
  if (type === 'text') return `coalesce(${text}, '') = ''`
  return whole(PATTERN.missing, `coalesce(trim(${text}, ' '), '')`)
}

/** A VARCHAR expression as a value of this type: NULL where it is missing or does not parse. */
export function valueSql(type: ColumnType, text: string): string {
  const bare = `trim(${text}, ' ')`
  switch (type) {
    case 'number': {
      const number = `try_cast(${bare} as double)`
      return `case when ${whole(PATTERN.number, bare)} and isfinite(${number}) then ${number} end`
    }
    case 'boolean':
      return `case when ${whole(PATTERN.true, bare)} then true when ${whole(PATTERN.false, bare)} then false end`
    case 'time':
      return timeSql(bare)
    case 'text':
      return `nullif(${text}, '')`
  }
}

/** Whether a text that is not missing may stand in a column of this type. */
export function fitsSql(type: ColumnType, text: string): string {
  const parses = `(${valueSql(type, text)}) is not null`
  return type === 'number' ? `(${parses} and not ${whole(PATTERN.id, `trim(${text}, ' ')`)})` : parses
}

// DuckDB's own cast to TIMESTAMP leaves the zone out of account, hence the arithmetic.
function timeSql(bare: string): string {
  const part = (group: number) => `regexp_extract(${bare}, ${literal(`^${TIME}$`)}, ${group})`
  const local = `try_cast(${part(1)} || ' ' || coalesce(nullif(${part(2)}, ''), '00:00') as timestamp)`
  const zone = `replace(replace(${part(3)}, 'Z', ''), ':', '')`
  const minutes = `coalesce(try_cast(${zone}[2:3] as integer), 0) * 60 + coalesce(try_cast(${zone}[4:5] as integer), 0)`
  const sign = `case when ${zone}[1:1] = '-' then -1 else 1 end`
  return `${local} - to_minutes(${sign} * (${minutes}))`
}

function whole(pattern: string, text: string): string {
  return `regexp_full_match(${text}, ${literal(pattern)})`
}
