import { readFileSync } from 'node:fs'
import { seeded } from '../../seeded.ts'
import type { Table, TableRow } from './trained.ts'

/** A table of test/data; its columns of numbers hold numbers. */
export function realRows(name: string, target: string, texts: readonly string[] = []): Table {
  const [head = [], ...lines] = readFileSync(new URL(`../../data/${name}.csv`, import.meta.url), 'utf8')
    .trim()
    .split('\n')
    .map((line) => line.trim().split(','))
  const rows = lines.map((cells) =>
    Object.fromEntries(head.map((column, at) => [column, texts.includes(column) ? cells[at] : Number(cells[at])])),
  )
  const columns = head.map((column) => ({ name: column, type: texts.includes(column) ? 'text' : 'number' }) as const)
  const labels = texts.includes(target) ? [...new Set(rows.map((row) => String(row[target])))].sort() : undefined
  return { columns, rows, target, ...(labels ? { classes: labels } : {}) }
}

/** A table with every kind of column, each with missing values; the target is a number, a truth value or one of three numbers. */
export function mixedRows(seed: number, kind: 'number' | 'truth' | 'grade'): Table {
  const random = seeded(seed)
  const perhaps = (value: unknown) => (random() < 0.2 ? null : value)
  const rows = Array.from({ length: 240 }, (): TableRow => {
    const size = random() * 10 - 5
    const city = ['北京', '上海', "O'Hare/1~2", ''].at(Math.floor(random() * 4))
    const code = Math.floor(random() * 30)
    const day = 1 + Math.floor(random() * 28)
    const signal = size + (city === '北京' ? 4 : 0) + (code % 3) + day / 7
    return {
      size: perhaps(size),
      'city 城市': perhaps(city),
      code: perhaps(`c${code}`),
      at: perhaps(`2024-0${1 + (day % 9)}-${String(day).padStart(2, '0')}T0${day % 10}:30:00.25+08:00`),
      member: perhaps(random() < 0.5),
      target: kind === 'number' ? signal : kind === 'truth' ? signal > 4 : signal < 2 ? 1 : signal < 5 ? 2 : 3,
    }
  })
  return {
    columns: [
      { name: 'size', type: 'number', nulls: 1 },
      { name: 'city 城市', type: 'text', nulls: 1 },
      { name: 'code', type: 'text', nulls: 1 },
      { name: 'at', type: 'time', nulls: 1 },
      { name: 'member', type: 'boolean', nulls: 1 },
      { name: 'target', type: kind === 'truth' ? 'boolean' : 'number' },
    ],
    rows,
    target: 'target',
    ...(kind === 'number' ? {} : { classes: kind === 'truth' ? [false, true] : [1, 2, 3] }),
  }
}
