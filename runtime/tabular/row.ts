import type { Fault } from '../errors.ts'
import { PlatformError } from '../errors.ts'
import type { Definition, Feature } from './definition.ts'
import { isoTime, parseTime, timeParts } from './time.ts'
import type { ColumnType } from './value.ts'
import { isMissing, parseBoolean, parseNumber } from './value.ts'

/** One value a feature, in the definition's order: a number, a category's text (of a time: `2024-01-31 08:30:00`, UTC), true/false (also of a missing flag), or null. */
export type RawRow = readonly (number | string | boolean | null)[]

type Typed = number | string | boolean | bigint | null
type Reader = (row: Readonly<Record<string, unknown>>, index: number, faults: Fault[]) => Typed[]

/**
 * A definition as a function of rows `{column: value}`: a value is JSON of the column's type or the text it has in a CSV;
 * null, absent and '' are missing. What does not parse is `unprocessable`, with the pointer of each value.
 */
export function rowFeatures(definition: Definition): (rows: readonly Readonly<Record<string, unknown>>[]) => RawRow[] {
  const read = reader(definition)
  const place = new Map(definition.columns.map(({ name }, i) => [name, i]))
  const makers = definition.features.map((feature) => ({ feature, at: place.get(feature.column) ?? -1 }))

  return (rows) => {
    const faults: Fault[] = []
    const made = rows.map((row, i) => {
      const values = read(row, i, faults)
      return makers.map(({ feature, at }) => make(feature.of, values[at] ?? null))
    })
    if (faults.length > 0) {
      throw new PlatformError('unprocessable', 'these rows are not what the model takes', { errors: faults })
    }
    return made
  }
}

function reader({ columns, target }: Definition): Reader {
  const known = new Set(columns.map(({ name }) => name))
  const used = columns.map(({ name, type }) => ({ name, type, skip: name === target }))

  return (row, index, faults) => {
    const names = Object.keys(row)
    if (names.length > 0 && !names.some((name) => known.has(name))) {
      for (const name of names)
        faults.push({ pointer: pointer(index, name), reason: 'no column of this name is known' })
    }
    return used.map(({ name, type, skip }) => {
      const value = skip || !Object.hasOwn(row, name) ? null : typed(type, row[name])
      if (value !== undefined) return value
      faults.push({ pointer: pointer(index, name), reason: `expected ${EXPECTED[type]}, got ${shown(row[name])}` })
      return null
    })
  }
}

const EXPECTED: Readonly<Record<ColumnType, string>> = {
  number: 'a number',
  boolean: 'true or false',
  time: 'a time, as in 2024-01-31T08:30:00Z',
  text: 'a text',
}

/** `undefined` for what is no value of this type. */
function typed(type: ColumnType, value: unknown): Typed | undefined {
  if (value === null || value === undefined) return null
  if (typeof value === 'string') return isMissing(type, value) ? null : parse(type, value)
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) return undefined
    return type === 'number' ? value : type === 'text' ? String(value) : undefined
  }
  if (typeof value === 'boolean') return type === 'boolean' ? value : type === 'text' ? String(value) : undefined
  return undefined
}

function parse(type: ColumnType, text: string): Typed | undefined {
  if (type === 'number') return parseNumber(text)
  if (type === 'boolean') return parseBoolean(text)
  return type === 'time' ? parseTime(text) : text
}

function make(of: Feature['of'], value: Typed): number | string | boolean | null {
  if (of === 'missing') return value === null
  if (typeof value !== 'bigint') return value
  if (of === 'category') return isoTime(value).replace('T', ' ').replace('Z', '')
  return of === 'number' || of === 'boolean' ? null : timeParts(value)[of]
}

function pointer(index: number, column: string): string {
  return `/rows/${index}/${column.replaceAll('~', '~0').replaceAll('/', '~1')}`
}

function shown(value: unknown): string {
  return (JSON.stringify(value) ?? String(value)).slice(0, 60)
}
