import { PlatformError } from 'mezz/errors'
import type { Row } from './evaluate.ts'
import { outputs, rawScores } from './evaluate.ts'
import type { TreeModel } from './model.ts'

/** A row with what LightGBM's rules say of it, and the trainer's own raw scores where it told. */
export interface Try {
  readonly row: Row
  /** By tree. */
  readonly leaves: Int32Array
  readonly told: readonly number[] | undefined
}

/** What a graph said of rows, row-major. */
export interface Found {
  readonly leaves: Float64Array
  readonly raw: Float64Array
  readonly output: Float64Array
}

/** Relative to the sum of what was added up, and to the result. */
const TOLERANCE = 1e-12

/** The largest absolute difference of raw scores and outputs; a wrong leaf, or a score that rounding cannot explain, is `unprocessable`. */
export function compare(model: TreeModel, tries: readonly Try[], found: Found): number {
  const { trees, scores } = model
  let most = 0
  for (const [at, { leaves, told }] of tries.entries()) {
    const placed = found.leaves.subarray(at * trees.length, (at + 1) * trees.length)
    const wrong = leaves.findIndex((leaf, tree) => placed[tree] !== leaf)
    if (wrong >= 0) fail(`tree ${wrong} puts a row into leaf ${placed[wrong]}, LightGBM into ${leaves[wrong]}`)

    const raw = told ?? rawScores(model, leaves)
    const size = leaves.reduce((sum, leaf, tree) => sum + Math.abs(trees[tree]?.leaves[leaf] ?? 0), 1)
    const place = at * scores
    const whose = told ? "the trainer's own" : "LightGBM's rules"
    most = Math.max(
      most,
      apart(found.raw.subarray(place, place + scores), raw, size, `raw score, ${whose}`),
      apart(found.output.subarray(place, place + scores), outputs(model, raw), size, `output, ${whose}`),
    )
  }
  return most
}

function apart(found: Float64Array, expected: readonly number[], size: number, what: string): number {
  if (found.length !== expected.length) fail(`${found.length} scores a row, ${expected.length} expected (${what})`)
  let most = 0
  for (const [at, value] of expected.entries()) {
    const got = found[at] ?? Number.NaN
    const difference = Object.is(got, value) ? 0 : Math.abs(got - value)
    if (!(difference <= TOLERANCE * size * Math.max(1, Math.abs(value)))) {
      fail(`a score is ${got} where ${value} was expected (${what})`)
    }
    most = Math.max(most, difference)
  }
  return most
}

function fail(reason: string): never {
  throw new PlatformError('unprocessable', `the converted model is not equal to the trained one: ${reason}`)
}
