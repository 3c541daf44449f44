import { open } from 'node:fs/promises'
import { columnNames, refused } from './names.ts'

/** Bytes of a line at most. */
const LONGEST_LINE = 2_000_000
const FLUSH = 1 << 16

/**
 * Writes newline-delimited JSON objects as a CSV: a column for each key, in the order in which keys first appear.
 * A text, number or truth value becomes its text, null nothing, what is nested its JSON. What is no object is `unprocessable`, with its line.
 */
export async function ndjsonToCsv(path: string, csv: string): Promise<void> {
  const keys = new Map<string, number>()
  for await (const { object, line } of objects(path)) {
    for (const key of Object.keys(object)) if (!keys.has(key)) keys.set(key, line)
  }
  const lines = [...keys.values()]
  if (lines.length === 0) throw refused([{ pointer: '/line/1', reason: 'holds no data: a table has at least one row' }])
  const names = [...keys.keys()]
  columnNames(names, `/line/${Math.max(...lines)}`)

  await using file = await open(csv, 'w')
  let text = `${names.map(field).join(',')}\n`
  for await (const { object } of objects(path)) {
    text += `${names.map((name) => field(Object.hasOwn(object, name) ? object[name] : null)).join(',')}\n`
    if (text.length < FLUSH) continue
    await file.writeFile(text)
    text = ''
  }
  await file.writeFile(text)
}

async function* objects(path: string): AsyncGenerator<{ object: Readonly<Record<string, unknown>>; line: number }> {
  await using file = await open(path)
  let line = 0
  for await (const text of file.readLines()) {
    line++
    if (text.length > LONGEST_LINE) throw refused([at(line, `is longer than ${LONGEST_LINE} characters`)])
    if (text.trim() === '') continue
    const value = parse(text, line)
    if (!isObject(value)) throw refused([at(line, 'is no JSON object')])
    yield { object: value, line }
  }
}

function parse(text: string, line: number): unknown {
  if (text.includes('\\u0000')) throw refused([at(line, 'holds the character U+0000')])
  try {
    // Long numbers keep their digits: a double would lose those of an id.
    return /[0-9]{16}/.test(text) ? JSON.parse(text, digits) : JSON.parse(text)
  } catch (error) {
    throw refused([at(line, `is no JSON: ${error instanceof Error ? error.message : error}`)], error)
  }
}

/** The third argument is new in ES2025: https://github.com/tc39/proposal-json-parse-with-source */
function digits(_key: string, value: unknown, context?: { readonly source?: string }): unknown {
  return typeof value === 'number' ? (context?.source ?? value) : value
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function at(line: number, reason: string) {
  return { pointer: `/line/${line}`, reason }
}

function field(value: unknown): string {
  if (value === null || value === undefined) return ''
  const text = typeof value === 'object' ? JSON.stringify(value) : String(value)
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
