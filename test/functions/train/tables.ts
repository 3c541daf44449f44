import { readFileSync } from 'node:fs'
import type { Task } from '../../../functions/train/gbdt/ensemble.ts'
import type { TrainingTable } from '../../../functions/train/gbdt/fit.ts'
import { seeded } from '../../seeded.ts'

/** A table of test/data cut in two: rows with index % 5 == 4 are held out; classes are codes in the order of their sorted names. */
export function realTable(name: string, task: Task, target = 'target', without: readonly string[] = []) {
  const text = readFileSync(new URL(`../../data/${name}.csv`, import.meta.url), 'utf8')
  const [head = [], ...lines] = text
    .trim()
    .split('\n')
    .map((line) => line.trim().split(','))
  const at = head.indexOf(target)
  const labels = task === 'regression' ? [] : [...new Set(lines.map((cells) => cells[at] ?? ''))].sort()
  const part = (held: boolean): TrainingTable => {
    const rows = lines.filter((_, index) => (index % 5 === 4) === held)
    const numbers = (column: number) => Float64Array.from(rows, (cells) => Number(cells[column]))
    return {
      columns: head.flatMap((column, index) =>
        index === at || without.includes(column) ? [] : [{ name: column, values: numbers(index) }],
      ),
      target: task === 'regression' ? numbers(at) : Float64Array.from(rows, (cells) => labels.indexOf(cells[at] ?? '')),
    }
  }
  return { training: part(false), holdout: part(true), classes: labels.length }
}

/** A table with every oddity of columns: many and few values, codes, zeros, missing, constant, empty and infinite ones. */
export function randomTable(seed: number, rows: number, task: Task): TrainingTable {
  const random = seeded(seed)
  const missing = (share: number, value: number) => (random() < share ? Number.NaN : value)
  const kinds: Record<string, () => number> = {
    'many values': () => random() * 2 - 1,
    'large, "missing": often': () => missing(0.3, (random() - 0.5) * 1e9),
    codes: () => Math.floor(random() * 5),
    zeros: () => (random() < 0.6 ? 0 : random()),
    constant: () => 7,
    empty: () => Number.NaN,
    'there or not': () => missing(0.5, 1),
    infinite: () =>
      missing(0.1, random() < 0.2 ? Number.POSITIVE_INFINITY : random() < 0.2 ? Number.NEGATIVE_INFINITY : random()),
  }
  const columns = Object.entries(kinds).map(([name, value]) => ({
    name,
    values: Float64Array.from({ length: rows }, value),
  }))
  const [a, b, c] = columns.map(({ values }) => values)
  const target = Float64Array.from({ length: rows }, (_, row) => {
    const signal =
      Math.sin(3 * (a?.[row] ?? 0)) + (Number.isNaN(b?.[row]) ? 1 : 0) + (c?.[row] === 2 ? 1 : 0) + random() / 2
    if (task === 'regression') return signal
    return task === 'binary' ? Number(signal > 0.7) : signal < 0.3 ? 0 : signal < 1 ? 1 : 2
  })
  return { columns, target }
}
