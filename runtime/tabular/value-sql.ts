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
  const bare = `coalesce(${trimmed(text)}, '')`
  // The longest word for missing has four letters: most values need no pattern.
  return `case when strlen(${bare}) > 4 then false else ${whole(PATTERN.missing, bare)} end`
}

/** Whether a text that is not missing may stand in a column of this type; never NULL where the text is not. */
export function fitsSql(type: ColumnType, text: string): string {
  const bare = trimmed(text)
  switch (type) {
    case 'number':
      return `${whole(PATTERN.plainNumber, bare)} and coalesce(isfinite(try_cast(${bare} as double)), false)`
    case 'boolean':
      return whole(`${PATTERN.true}|${PATTERN.false}`, bare)
    case 'time':
      return `${timeSql(bare)} is not null`
    case 'text':
      return 'true'
  }
}

/** A text that fits this type as its value; NULL for one that is missing. */
export function valueSql(type: ColumnType, text: string): string {
  const bare = trimmed(text)
  const number = `try_cast(${bare} as double)`
  switch (type) {
    case 'number':
      // The cast takes NaN for a number.
      return `case when isfinite(${number}) then ${number} end`
    case 'boolean':
      return `try_cast(${bare} as boolean)`
    case 'time':
      return timeSql(bare)
    case 'text':
      return `nullif(${text}, '')`
  }
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

function trimmed(text: string): string {
  return `trim(${text}, ' ')`
}
