/** What a column can hold: decimal numbers (as doubles), true/false, moments (UTC, microseconds), or text. */
export type ColumnType = 'number' | 'boolean' | 'time' | 'text'

/**
 * What texts mean, said once for both sides: every pattern here is read by JavaScript and by DuckDB's RE2 alike,
 * always against the whole text without the spaces around it.
 */
export const PATTERN = {
  number: '[+-]?(?:[0-9]+(?:\\.[0-9]*)?|\\.[0-9]+)(?:[eE][+-]?[0-9]+)?',
  /** A number whose text a double can stand for: no more than 15 significant digits before the point, no leading zero; else it is an id. */
  plainNumber: '[+-]?(?:(?:0|[1-9][0-9]{0,14}0*)(?:\\.[0-9]*)?|\\.[0-9]+)(?:[eE][+-]?[0-9]+)?',
  true: '[tT][rR][uU][eE]',
  false: '[fF][aA][lL][sS][eE]',
  /** In a column of numbers, truth values or times; in a text column it is a text. */
  missing: '|[nN][aA]|[nN]/[aA]|[nN][aA][nN]|[nN][uU][lL][lL]|[nN][oO][nN][eE]',
} as const

const WHOLE: ReadonlyMap<string, RegExp> = new Map(
  Object.values(PATTERN).map((pattern) => [pattern, new RegExp(`^(?:${pattern})$`)]),
)

/** The text without the spaces (U+0020 alone) around it. */
export function trimmed(text: string): string {
  return text.replace(/^ +| +$/g, '')
}

/** Whether a text stands for no value in a column of this type. */
export function isMissing(type: ColumnType, text: string): boolean {
  return type === 'text' ? text === '' : matches(PATTERN.missing, trimmed(text))
}

/** A decimal number as the nearest double; `undefined` for a text that is none, or one too large for a double. */
export function parseNumber(text: string): number | undefined {
  if (!matches(PATTERN.number, trimmed(text))) return undefined
  const number = Number(text)
  return Number.isFinite(number) ? number : undefined
}

/** The same for a text that stands in a column of numbers; one that is better read as an id is none. */
export function parsePlainNumber(text: string): number | undefined {
  return matches(PATTERN.plainNumber, trimmed(text)) ? parseNumber(text) : undefined
}

/** `true` or `false` in any case. */
export function parseBoolean(text: string): boolean | undefined {
  if (matches(PATTERN.true, trimmed(text))) return true
  return matches(PATTERN.false, trimmed(text)) ? false : undefined
}

function matches(pattern: string, text: string): boolean {
  return WHOLE.get(pattern)?.test(text) ?? false
}
