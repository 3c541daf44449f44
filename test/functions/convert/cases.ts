import { readFileSync } from 'node:fs'
import { parseModel } from '../../../functions/convert/parse.ts'

/** The models that LightGBM 4.6.0 wrote, with what it predicts for the rows beside them. */
export const CASES = ['breast-cancer', 'iris', 'mixed', 'zero-as-missing', 'poisson-dart', 'binary-rf'] as const

export interface Expected {
  readonly leaves: number[][]
  readonly raw: number[][]
  readonly output: number[][]
}

/** One model with its rows (float32 values, NaN where missing) and the trainer's own answers. */
export function readCase(name: string) {
  const file = (end: string) => readFileSync(new URL(`../../oracle/lightgbm/${name}${end}`, import.meta.url), 'utf8')
  // Written by the oracle in exactly this shape; a single score is a bare number there.
  const found = JSON.parse(file('.expected.json')) as Record<'leaves' | 'raw' | 'output', (number | number[])[]>
  const expected: Expected = {
    leaves: found.leaves.map((row) => [row].flat()),
    raw: found.raw.map((row) => [row].flat()),
    output: found.output.map((row) => [row].flat()),
  }
  const lines = file('.rows.csv').trim().split('\n').slice(1)
  const rows = lines.map((line) =>
    line.split(',').map((cell) => (cell === '' ? Number.NaN : Math.fround(Number(cell)))),
  )
  const text = file('.txt')
  return { text, model: parseModel(text), rows, expected }
}

/** The largest difference of two tables, relative above 1. */
export function difference(found: readonly (readonly number[])[], expected: readonly (readonly number[])[]): number {
  const differences = expected.flatMap((row, at) =>
    row.map((value, column) => Math.abs(value - (found[at]?.[column] ?? Number.NaN)) / Math.max(1, Math.abs(value))),
  )
  return differences.reduce((most, one) => (one > most || Number.isNaN(one) ? one : most), 0)
}
