import { PlatformError } from 'mezz/errors'
import type { Signature } from 'mezz/events'
import type { Model } from 'mezz/ports'
import { rowScores, rowTensors } from 'mezz/tabular/raw-graph'
import * as z from 'zod'
import type { Proof } from './prove.ts'

/** Rows in the order of the signature's inputs, with what the library itself says of them. */
export const RawReference = z.object({
  rows: z.array(z.array(z.union([z.number(), z.string(), z.boolean()]).nullable())).min(1),
  /** Of a classification. */
  probabilities: z.array(z.array(z.number())).optional(),
  /** Of a regression. */
  values: z.array(z.number()).optional(),
  /** That of the library's own numbers. */
  precision: z.enum(['single', 'double']).default('double'),
})

const BATCH = 256
/** Of the largest value, or of 1: what is left of sums in single and in double precision. A row on the wrong side of a threshold is far beyond. */
const TOLERANCE = { single: 1e-5, double: 1e-12 }

/** Runs a graph on reference rows just as `infer` will, and demands what its library said of them; `unprocessable` where they differ. */
export async function proveRaw(
  graph: Model,
  { task, classes, inputs = [] }: z.infer<typeof Signature>,
  { rows, probabilities, values, precision }: z.infer<typeof RawReference>,
): Promise<Proof> {
  const told = task === 'classification' ? probabilities?.flat() : values
  const width = task === 'classification' ? (classes?.length ?? 0) : 1
  if (told?.length !== rows.length * width) {
    throw new PlatformError(
      'unprocessable',
      `the reference has ${told?.length ?? 0} predictions for ${rows.length} rows of ${width}`,
    )
  }
  const toTensors = rowTensors(inputs, graph.inputs)
  const isSingle = precision === 'single' || [...graph.inputs, ...graph.outputs].some(({ type }) => type === 'float32')
  const size = told.reduce((most, value) => Math.max(most, Math.abs(value)), 1)
  const allowed = size * TOLERANCE[isSingle ? 'single' : 'double']
  let most = 0
  for (let at = 0; at < rows.length; at += BATCH) {
    const some = rows.slice(at, at + BATCH)
    const scores = rowScores(await graph.run(toTensors(some)), {
      rows: some.length,
      classes: task === 'classification' ? width : undefined,
    })
    for (const [place, found] of scores.entries()) {
      const expected = told[at * width + place] ?? Number.NaN
      const difference = Math.abs(found - expected)
      if (!(difference <= allowed)) refuse(at + Math.floor(place / width), { found, expected })
      most = Math.max(most, difference)
    }
  }
  return {
    format: 'onnx',
    opset: 'as it was exported',
    inputs: graph.inputs,
    outputs: graph.outputs,
    rows: rows.length,
    leafMismatches: 0,
    maxAbsoluteDifference: most,
    probes: { all: 0, reached: 0 },
  }
}

function refuse(row: number, { found, expected }: { readonly found: number; readonly expected: number }): never {
  const reason = `the graph says ${found}, the library itself ${expected}`
  throw new PlatformError(
    'unprocessable',
    `the graph is not equal to the model: of reference row ${row + 1} ${reason}`,
    {
      errors: [{ pointer: `/rows/${row}`, reason }],
    },
  )
}
