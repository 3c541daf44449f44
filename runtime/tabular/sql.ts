import type { Definition, Feature } from './definition.ts'
import { identifier } from './quote.ts'

/** A definition as one SELECT over a table of its columns' types: one column a feature, the rows in their order. */
export function selectFeatures({ features }: Definition, table: string): string {
  const columns = features.map((feature) => `${expression(feature)} as ${identifier(feature.name)}`)
  return `select ${columns.join(', ')} from ${identifier(table)}`
}

function expression({ column, of }: Feature): string {
  const value = identifier(column)
  switch (of) {
    case 'number':
    case 'category':
    case 'boolean':
      return value
    case 'missing':
      return `${value} is null`
    case 'weekday':
      return `isodow(${value})::double`
    case 'epoch':
      return `epoch_us(${value})::double / 1e6`
    default:
      return `date_part('${of}', ${value})::double`
  }
}
