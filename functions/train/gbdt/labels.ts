import { PlatformError } from 'mezz/errors'

export type Label = string | number | boolean

/** What a column is that is to be foretold: its type in the view. */
export type LabelType = 'number' | 'boolean' | 'category'

/** Classes in their order, and the code of each row. */
export interface Labels {
  readonly classes: readonly Label[]
  readonly codes: Float64Array
}

const MOST_CLASSES = 1000

/** The classes of a column, sorted (numbers by size, texts by code point), each with its JSON type; `unprocessable` when there are not two, or more than can be told apart. */
export function labels(values: readonly Label[], target: string): Labels {
  const classes = [...new Set(values)].sort(compare)
  if (classes.length < 2) {
    throw new PlatformError(
      'unprocessable',
      `${target} has ${classes.length === 0 ? 'no value' : `only the value ${classes[0]}`}: there is nothing to tell apart`,
    )
  }
  if (classes.length > MOST_CLASSES) {
    throw new PlatformError(
      'unprocessable',
      `${target} has ${classes.length} different values, which are too many classes: is it a regression?`,
    )
  }
  const code = new Map(classes.map((one, at) => [one, at]))
  return { classes, codes: Float64Array.from(values, (one) => code.get(one) ?? Number.NaN) }
}

/** A field of the column as the value it stands for. */
export function labelOf(text: string, type: LabelType): Label {
  if (type === 'number') return Number(text)
  return type === 'boolean' ? text === 'true' : text
}

function compare(a: Label, b: Label): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b
  const [left, right] = [String(a), String(b)]
  return left < right ? -1 : left > right ? 1 : 0
}
