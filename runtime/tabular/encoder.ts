import * as z from 'zod'
import type { Definition } from './definition.ts'
import type { RawRow } from './row.ts'

/** What was learnt about each raw feature: numbers and truth values pass, a category has its known values, the commonest first. */
export const Encoder = z.object({
  features: z.array(
    z.discriminatedUnion('kind', [
      z.object({ kind: z.literal('number'), name: z.string() }),
      /** One column for each value, 1 where it is this one: of a value not known, all are 0. */
      z.object({ kind: z.literal('one-hot'), name: z.string(), values: z.array(z.string()) }),
      /** The value's rank; of a value not known, the number of those known. */
      z.object({ kind: z.literal('rank'), name: z.string(), values: z.array(z.string()) }),
    ]),
  ),
})

export type Encoder = z.infer<typeof Encoder>

/** As many values as still get a column each. */
const ONE_HOT = 16
/** As many values as are told apart at all. */
const RANKED = 1000

/** Learns an encoder from the training rows alone (raw rows of this definition, in its order of features). */
export function fitEncoder({ features }: Definition, rows: Iterable<RawRow>): Encoder {
  const counts = features.map(({ of }) => (of === 'category' ? new Map<string, number>() : undefined))
  for (const row of rows) {
    counts.forEach((count, i) => {
      const value = row[i]
      if (count && typeof value === 'string') count.set(value, (count.get(value) ?? 0) + 1)
    })
  }
  return {
    features: features.map(({ name }, i) => {
      const count = counts[i]
      if (!count) return { kind: 'number', name }
      const common = [...count].sort(([a, many], [b, more]) => more - many || (a < b ? -1 : 1))
      if (common.length <= ONE_HOT) return { kind: 'one-hot', name, values: common.map(([value]) => value) }
      // A value seen once tells nothing that holds for another row; a column of ids becomes a constant so.
      const known = common.filter(([, times]) => times > 1).slice(0, RANKED)
      return { kind: 'rank', name, values: known.map(([value]) => value) }
    }),
  }
}

/** The names of the encoded columns, in their order. */
export function featureNames({ features }: Encoder): string[] {
  return features.flatMap((feature) =>
    feature.kind === 'one-hot' ? feature.values.map((value) => `${feature.name}=${value}`) : [feature.name],
  )
}

/** Compiles an encoder: a raw row becomes doubles, one a name of `featureNames`; missing is NaN. */
export function encoding(encoder: Encoder): (row: RawRow) => Float64Array {
  const width = featureNames(encoder).length
  const features = encoder.features.map((feature) =>
    feature.kind === 'number'
      ? { feature, size: 1 }
      : {
          feature,
          size: feature.kind === 'rank' ? 1 : feature.values.length,
          rank: new Map(feature.values.map((value, i) => [value, i])),
        },
  )
  return (row) => {
    const encoded = new Float64Array(width)
    let at = 0
    features.forEach(({ feature, size, rank }, i) => {
      const value = row[i] ?? null
      if (value === null) encoded.fill(Number.NaN, at, at + size)
      else if (!rank) encoded[at] = Number(value)
      else {
        const known = rank.get(String(value))
        if (feature.kind === 'rank') encoded[at] = known ?? rank.size
        else if (known !== undefined) encoded[at + known] = 1
      }
      at += size
    })
    return encoded
  }
}

/** One raw row as doubles; `encoding` is for many. */
export function encode(encoder: Encoder, row: RawRow): Float64Array {
  return encoding(encoder)(row)
}
