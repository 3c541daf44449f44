import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { it } from 'node:test'
import { ScriptFault } from '../../../../functions/train/script/fault.ts'
import { judge } from '../../../../functions/train/script/judge.ts'

const SETTINGS = {
  dataset: 'numbers',
  target: 'y',
  task: 'regression',
  parameters: {},
  holdout: 0.2,
  entry: 'train.py',
  runtime: 'python',
} as const
const GOOD = {
  'model.onnx': 'graph',
  'signature.json': { task: 'regression', target: 'y', inputs: [{ column: 'a' }, { column: 'b' }] },
  'reference.json': {
    rows: [
      [1, null],
      ['2', true],
    ],
    values: [3, 4],
  },
}
const CLASSES = { ...GOOD['signature.json'], task: 'classification', classes: ['no', 'yes'] }

async function judged(left: Readonly<Record<string, unknown>>, settings: object = {}): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'mezz-judge-'))
  for (const [name, value] of Object.entries(left)) {
    if (value !== undefined)
      writeFileSync(join(folder, name), typeof value === 'string' ? value : JSON.stringify(value))
  }
  try {
    await judge(folder, { ...SETTINGS, ...settings })
    return readFileSync(join(folder, 'metrics.json'), 'utf8')
  } finally {
    rmSync(folder, { recursive: true })
  }
}

it('takes a model with its signature and its reference; metrics may be left out', async () => {
  assert.equal(await judged(GOOD), '{}')
  assert.equal(await judged({ ...GOOD, 'metrics.json': { rmse: 2 } }), '{"rmse":2}')
  const raw = { features: ['a', 'b'], rows: [[1, null]], raw: [[0.5]] }
  assert.equal(await judged({ ...GOOD, 'model.onnx': undefined, 'model.txt': 'tree', 'reference.json': raw }), '{}')
})

const FAULTS: readonly (readonly [what: string, left: object, reason: RegExp, settings?: object])[] = [
  ['no model', { 'model.onnx': undefined }, /train\.py left no model: .* mezz\.save\(model\)/],
  ['two models', { 'model.txt': 'tree' }, /left two models/],
  ['no signature', { 'signature.json': undefined }, /left no signature\.json/],
  ['a signature that is no JSON', { 'signature.json': '{' }, /signature\.json is not JSON/],
  ['a signature of no task', { 'signature.json': { target: 'y' } }, /signature\.json cannot be read: .*at task/],
  [
    'a signature of another target',
    { 'signature.json': { ...GOOD['signature.json'], target: 'z' } },
    /left a regression of z, its pipeline asks for a regression of y/,
  ],
  ['a signature of another task', { 'signature.json': CLASSES }, /left a classification of y, .* a regression of y/],
  ['no inputs', { 'signature.json': { ...GOOD['signature.json'], inputs: [] } }, /names no inputs/],
  [
    'one class',
    { 'signature.json': { ...CLASSES, classes: ['no'] } },
    /names 1 classes, and a classification has two at least/,
    { task: 'classification' },
  ],
  ['no reference', { 'reference.json': undefined }, /left no reference\.json/],
  ['a reference of no rows', { 'reference.json': { rows: [], values: [] } }, /holds no row/],
  ['a reference that says nothing', { 'reference.json': { rows: [[1, 2]] } }, /reference\.json cannot be read/],
  ['rows of another width', { 'reference.json': { rows: [[1]], values: [3] } }, /a row of 1 values, the model takes 2/],
  ['metrics that are no numbers', { 'metrics.json': { good: 'yes' } }, /metrics\.json cannot be read: .*at good/],
]

for (const [what, left, reason, settings] of FAULTS) {
  it(`says what is wrong with ${what}`, async () => {
    await assert.rejects(judged({ ...GOOD, ...left }, settings), (error) => {
      assert.ok(error instanceof ScriptFault)
      assert.match(error.message, reason)
      return true
    })
  })
}
