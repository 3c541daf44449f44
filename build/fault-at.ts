import { readFileSync } from 'node:fs'
import { relative } from 'node:path'
import type { Fault } from '../runtime/errors.ts'

/** A fault of a field in a file; the line is that of the field's first mention, which is as near as a value can tell. */
export function faultAt(file: string, field: string | undefined, reason: string): Fault {
  const lines = field ? readFileSync(file, 'utf8').split('\n') : []
  const at = lines.findIndex((line) => new RegExp(`\\b${field}\\s*[:(]`).test(line))
  return { pointer: `${shown(file)}:${at + 1 || 1}`, reason }
}

/** A path as a user reads it: from where the command was given. */
export function shown(file: string): string {
  return relative(process.cwd(), file)
}
