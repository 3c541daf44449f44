import { PlatformError } from 'mezz/errors'
import type { Definition } from 'mezz/tabular/definition'
import type { Package } from '../package.ts'

type Column = Definition['columns'][number]

/** A dataset has 500 columns at most. */
const MOST_CLASSES = 400

/** Why a row has no prediction; a column of the result where there is such a row. */
export const ERROR: Column = { name: 'error', type: 'text' }

/**
 * The columns of predictions: `value`, or `label` and `probability.<class>` for each class, in the order of the classes. Of two
 * names that are one to SQL, which tells no upper from lower case, the second one gets a `'`.
 */
export function predictionColumns(signature: Package['signature']): readonly Column[] {
  if (signature.task === 'regression') return [{ name: 'value', type: 'number' }]
  const { classes } = signature
  if (classes.length > MOST_CLASSES) {
    throw new PlatformError(
      'unprocessable',
      `the model tells ${classes.length} classes apart: a dataset has columns for ${MOST_CLASSES} at most`,
    )
  }
  const taken = new Set<string>()
  const probabilities = classes.map((label): Column => {
    let name = `probability.${label}`
    while (taken.has(name.toLowerCase())) name += "'"
    taken.add(name.toLowerCase())
    return { name, type: 'number' }
  })
  return [{ name: 'label', type: labelType(classes) }, ...probabilities]
}

/** Labels of several types go as their texts. */
function labelType(classes: readonly (string | number | boolean)[]): Column['type'] {
  const [type, ...others] = new Set(classes.map((label) => typeof label))
  return others.length === 0 && (type === 'number' || type === 'boolean') ? type : 'text'
}
