import type { ParseArgsConfig } from 'node:util'
import { PlatformError } from '../../runtime/errors.ts'

export type Options = NonNullable<ParseArgsConfig['options']>
type Value = string | boolean | readonly (string | boolean)[] | undefined
export type Values = Readonly<Record<string, Value>>

/** One of the words that `mezz` takes. */
export interface Command {
  readonly name: string
  /** What comes behind the word: `<function> [path] [-X METHOD]`. */
  readonly usage: string
  /** One line. */
  readonly summary: string
  /** Paragraphs of its help, wrapped at 100 columns. */
  readonly help: string
  readonly options: Options
  /** Answers with the exit code. */
  run(given: { readonly values: Values; readonly positionals: readonly string[] }): Promise<number>
}

/** What was given is not what the command takes: said with the usage line, exit code 2. */
export class UsageError extends Error {}

export function text(value: Value): string | undefined {
  return typeof value === 'string' ? value : undefined
}

/** A whole number from `least` on. */
export function whole(given: string, least: number): number {
  const number = Number(given)
  if (!/^\d+$/.test(given) || number < least) throw new UsageError(`${given} is no whole number from ${least} on`)
  return number
}

/** What stands behind a command's word: at least so many words, and no more than it takes. */
export function words(
  given: readonly string[],
  names: { readonly needed: readonly string[]; readonly more?: number },
): void {
  const missing = names.needed[given.length]
  if (missing !== undefined) throw new UsageError(`a ${missing} is missing`)
  const most = names.needed.length + (names.more ?? 0)
  if (given.length > most) throw new UsageError(`it takes no ${given[most]}`)
}

/** Milliseconds of `30s`, `500ms`, `2m`, `1h`; a bare number is seconds. */
export function duration(given: string): number {
  const [, number, unit = 's'] = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/.exec(given) ?? []
  const factor = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }[unit]
  if (number === undefined || factor === undefined)
    throw new UsageError(`${given} is no duration: write 500ms, 30s, 2m or 1h`)
  return Number(number) * factor
}

/** The error in one line, with what made it; a bug with its place. */
export function told(error: unknown): string {
  if (error instanceof PlatformError) return error.message
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}
