import type { Fault } from 'mezz/errors'
import { PlatformError } from 'mezz/errors'

/** What DuckDB stores at once holds some vectors for each column: 500 stay within 256 MiB, 700 do not. */
const MOST_COLUMNS = 500
/** An event that names the columns, and what is made of them, must hold them. */
const MOST_BYTES = 65_536

/** The names of a table's columns, without spaces around them; none is empty, no two are one name to SQL. */
export function columnNames(found: readonly string[], pointer: string): string[] {
  const names = found.map((name) => name.trim())
  const seen = new Map<string, number>()
  const errors: Fault[] = []
  names.forEach((name, i) => {
    const first = seen.get(name.toLowerCase())
    if (name === '') errors.push({ pointer, reason: `column ${i + 1} has no name` })
    else if (name.includes('\0') || !name.isWellFormed())
      errors.push({ pointer, reason: `column ${i + 1} has no text for a name` })
    else if (first === undefined) seen.set(name.toLowerCase(), i)
    else if (names[first] === name)
      errors.push({ pointer, reason: `columns ${first + 1} and ${i + 1} are both named ${name}` })
    else {
      const reason = `columns ${names[first]} and ${name} differ only in upper and lower case, which SQL does not tell apart`
      errors.push({ pointer, reason })
    }
  })
  if (names.length > MOST_COLUMNS) errors.push({ pointer, reason: `more than ${MOST_COLUMNS} columns` })
  if (Buffer.byteLength(names.join()) > MOST_BYTES)
    errors.push({ pointer, reason: `names of more than ${MOST_BYTES} bytes` })
  if (errors.length > 0) throw refused(errors.slice(0, 20))
  return names
}

/** A table that is not taken, with the places. */
export function refused(errors: readonly Fault[], cause?: unknown): PlatformError {
  return new PlatformError('unprocessable', 'the table cannot be taken as it is', { errors, cause })
}
