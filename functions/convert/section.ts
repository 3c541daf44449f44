import { PlatformError } from 'mezz/errors'

/** The lines `key=value` of one part of a model file. */
export interface Section {
  readonly name: string
  has(key: string): boolean
  text(key: string): string
  integer(key: string): number
  /** Split at spaces; none where the value is empty. */
  words(key: string): string[]
  /** So many numbers; `inf`, `-inf` and `nan` are numbers. */
  numbers(key: string, count: number): number[]
  /** So many integers. */
  integers(key: string, count: number): number[]
}

/** Reads a part up to its first blank line; `name` is how errors call it. */
export function section(name: string, block: string): Section {
  const [body = ''] = block.split(/\r?\n\s*\r?\n/)
  const values = new Map<string, string>()
  for (const line of body.split(/\r?\n/)) {
    const at = line.indexOf('=')
    if (at < 0) values.set(line.trim(), '')
    else values.set(line.slice(0, at), line.slice(at + 1).trim())
  }

  const text = (key: string) => values.get(key) ?? refuse(name, `no line ${key}=…`)
  const words = (key: string) => text(key).split(/\s+/).filter(Boolean)
  const numbers = (key: string, count: number) => {
    const found = words(key)
    if (found.length !== count) refuse(name, `${found.length} values of ${key} where ${count} belong`)
    return found.map((word) => number(word) ?? refuse(name, `${key} holds ${word}, which is no number`))
  }
  const integers = (key: string, count: number) => {
    const found = numbers(key, count)
    const odd = found.find((value) => !Number.isSafeInteger(value))
    return odd === undefined ? found : refuse(name, `${key} holds ${odd}, which is no integer`)
  }
  const integer = (key: string) => integers(key, 1)[0] ?? refuse(name, `no line ${key}=…`)
  return { name, has: (key) => values.has(key), text, words, integer, integers, numbers }
}

/** Says which part of the file cannot be converted, and why. */
export function refuse(part: string, reason: string): never {
  throw new PlatformError('unprocessable', `this LightGBM model cannot be converted: ${part}: ${reason}`, {
    errors: [{ pointer: part, reason }],
  })
}

function number(word: string): number | undefined {
  const special: Record<string, number> = {
    inf: Number.POSITIVE_INFINITY,
    '-inf': Number.NEGATIVE_INFINITY,
    nan: Number.NaN,
    '-nan': Number.NaN,
  }
  if (word in special) return special[word]
  return /^[-+]?[\d.]/.test(word) && !Number.isNaN(Number(word)) ? Number(word) : undefined
}
