import type * as z from 'zod'
import type { Label } from './package.ts'
import type { Scores } from './scorer.ts'

/** The likeliest class of each row; of equals, the first. */
export function labels(classes: readonly z.infer<typeof Label>[], { values, width, rows }: Scores) {
  return Array.from({ length: rows }, (_, row) => {
    const label = classes[likeliest(values, { row, width })]
    if (label === undefined) throw new RangeError('a row without scores')
    return label
  })
}

/** The place of a row's likeliest class among the classes; of equals, the first. */
export function likeliest(
  values: Float64Array,
  { row, width }: { readonly row: number; readonly width: number },
): number {
  let best = row * width
  for (let at = best + 1; at < (row + 1) * width; at++) if ((values[at] ?? 0) > (values[best] ?? 0)) best = at
  return best - row * width
}
