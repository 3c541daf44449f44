// Trains the real tables and a larger made one; beside LightGBM where LIGHTGBM_PYTHON names a Python that has it.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Task } from '../../functions/train/gbdt/ensemble.ts'
import type { TrainingTable } from '../../functions/train/gbdt/fit.ts'
import { fit } from '../../functions/train/gbdt/fit.ts'
import { parseParameters } from '../../functions/train/gbdt/parameters.ts'
import { realTable } from '../functions/train/tables.ts'
import { seeded } from '../seeded.ts'

const PEER = `
import sys, time, lightgbm, numpy
folder, task, classes, rows = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
numbers = numpy.fromfile(folder + '/numbers').reshape(-1, rows)
parameters = {'objective': task, 'num_threads': 1, 'verbosity': -1, **({'num_class': classes} if task == 'multiclass' else {})}
start = time.perf_counter()
lightgbm.train(parameters, lightgbm.Dataset(numpy.ascontiguousarray(numbers[:-1].T), numbers[-1]), 100)
print(round(1000 * (time.perf_counter() - start)))
`

const python = process.env['LIGHTGBM_PYTHON']
for (const name of ['breast-cancer', 'iris', 'digits']) {
  const task = name === 'breast-cancer' ? 'binary' : 'multiclass'
  const { training, classes } = realTable(name, task)
  compare(name, training, task, classes)
}
compare('made', made(100_000, 30), 'binary', 2)

function compare(name: string, table: TrainingTable, task: Task, classes: number): void {
  const start = performance.now()
  fit(table, { task, classes, parameters: parseParameters({}) })
  const ours = Math.round(performance.now() - start)
  const size = `${table.target.length} × ${table.columns.length}`
  const theirs = python ? `; LightGBM on one thread ${peer(python, table, task, classes)} ms` : ''
  process.stdout.write(`${name} (${size}, ${task}, 100 rounds): ${ours} ms${theirs}\n`)
}

function peer(program: string, table: TrainingTable, task: Task, classes: number): string {
  const folder = mkdtempSync(join(tmpdir(), 'gbdt-'))
  const values = [...table.columns.map((column) => column.values), table.target]
  writeFileSync(join(folder, 'numbers'), Buffer.concat(values.map(({ buffer }) => new Uint8Array(buffer))))
  const { stdout, stderr } = spawnSync(
    program,
    ['-c', PEER, folder, task, String(classes), String(table.target.length)],
    {
      encoding: 'utf8',
    },
  )
  rmSync(folder, { recursive: true })
  return stdout.trim() || stderr
}

function made(rows: number, columns: number): TrainingTable {
  const random = seeded(1)
  const names = Array.from({ length: columns }, (_, index) => `x${index}`)
  const drawn = names.map((name) => ({ name, values: Float64Array.from({ length: rows }, random) }))
  const [a, b] = drawn.map(({ values }) => values)
  const target = Float64Array.from({ length: rows }, (_, row) =>
    Number((a?.[row] ?? 0) * (b?.[row] ?? 0) + random() / 4 > 0.35),
  )
  return { columns: drawn, target }
}
