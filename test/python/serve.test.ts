import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import * as z from 'zod'
import { Predictions } from '../../functions/infer/predictions.ts'
import { withoutPython } from '../functions/train/script/job.ts'
import { ask } from '../platform/chain.ts'
import { eventually } from '../platform/eventually.ts'
import type { Dev } from '../platform/mezz-dev.ts'
import { startDev } from '../platform/mezz-dev.ts'
import { mezzRun } from './run.ts'

const NAME = 'infer-nearest'
const TABLE = readFileSync(new URL('../data/iris.csv', import.meta.url), 'utf8')
const Status = z.object({ functions: z.array(z.object({ name: z.string(), processes: z.number() })) })
const Problem = z.object({
  code: z.string(),
  detail: z.string(),
  errors: z.array(z.object({ pointer: z.string(), reason: z.string() })).optional(),
})

describe('a script that serves itself by mezz.serve', { skip: withoutPython, timeout: 300_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'mezz-nearest-'))
  const options = { data: join(folder, 'data'), folder: join(folder, 'empty'), idle: '2s' }
  let dev: Dev
  before(async () => {
    mkdirSync(options.folder)
    cpSync(new URL('scripts/nearest', import.meta.url), folder, { recursive: true })
    writeFileSync(join(folder, 'nearest.csv'), TABLE)
    dev = await startDev(options)
  })
  after(async () => {
    await dev.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  const rows = () => {
    const [head = '', ...lines] = TABLE.trim().split('\n')
    const names = head.trim().split(',')
    return lines.map((line) => {
      const cells = line.trim().split(',')
      return Object.fromEntries(names.flatMap((name, at) => (name === 'target' ? [] : [[name, cells[at]]])))
    })
  }
  const post = (path: string, body: unknown, headers = { 'Content-Type': 'application/json' }) =>
    fetch(`${dev.url}/default/${path}`, { method: 'POST', headers, body: JSON.stringify(body) })
  const predictions = async (by = NAME) => {
    const answer = await post(`${by}/models/nearest/predict`, { rows: rows() })
    assert.equal(answer.status, 200, answer.status === 200 ? '' : await answer.text())
    return Predictions.parse(await answer.json())
  }

  it('goes from file to endpoint by one line, and predicts what the script itself does', async (t) => {
    const { out, error, code, seconds } = await mezzRun(
      folder,
      ...['train.py', '--dataset', 'nearest.csv', '--target', 'target', '--task', 'classification', '--url', dev.url],
    )

    assert.deepEqual([code, error], [0, ''], out)
    assert.match(out, /^model {5}nearest@1 published/m)
    t.diagnostic(`${seconds.toFixed(1)} s to the first answer`)
    const expected = ownPredictions(folder)
    const answer = await predictions('infer')
    assert.match(answer.id, /^nearest@1\/[0-9a-f-]{36}$/)
    assert.equal(answer.predictions.length, expected.length)
    for (const [at, one] of answer.predictions.entries()) {
      assert.ok('label' in one)
      const own = expected[at] ?? {}
      assert.deepEqual(
        Object.entries(one.probabilities)
          .filter(([, share]) => share > 0)
          .sort(),
        Object.entries(own).sort(),
      )
      assert.equal(own[String(one.label)], Math.max(...Object.values(own)))
    }
  })

  it('says by its pointer what does not fit', async () => {
    const cases = [
      [{ rows: [{ sepal_length_cm: 'long' }] }, 422, 'unprocessable', '/rows/0/sepal_length_cm'],
      [{ rows: [] }, 400, 'invalid_input', '/rows'],
      [{ rows: [1] }, 400, 'invalid_input', '/rows/0'],
    ] as const
    for (const [body, status, code, pointer] of cases) {
      const answer = await post(`${NAME}/models/nearest/predict`, body)
      const problem = Problem.parse(await answer.json())
      assert.deepEqual([answer.status, problem.code, problem.errors?.[0]?.pointer], [status, code, pointer])
      assert.equal(answer.headers.get('content-type'), 'application/problem+json')
    }
    const batch = await post('infer/models/nearest/batches', { dataset: 'nearest' })
    assert.equal(batch.status, 422)
    assert.match(Problem.parse(await batch.json()).detail, /nearest has no graph: its own script predicts rows/)
    assert.equal((await post(`${NAME}/models/other/predict`, { rows: rows() })).status, 404)
    assert.equal((await post(`${NAME}/models/nearest/predict`, {}, { 'Content-Type': 'text/csv' })).status, 415)
  })

  it('scales to zero, and comes back when the platform was killed, without learning again', async () => {
    const before = await predictions()
    await eventually('no process', async () => {
      const { functions } = await ask(`${dev.url}/_mezz/status`, Status)
      return functions.find(({ name }) => name === NAME)?.processes === 0
    })
    await dev.killAll()
    dev = await startDev(options)

    assert.deepEqual((await predictions()).predictions, before.predictions)
    assert.ok(!dev.lines.some((line) => line.includes('learning from')), dev.lines.join('\n'))
  })
})

/** What the script says of all rows when its user runs it, outside of the platform. */
function ownPredictions(folder: string): Record<string, number>[] {
  const stub = 'def once(learn): return learn()\ndef serve(*_, **__): pass\n'
  const tell =
    "import json\nprint('\\n' + json.dumps(predict([{name: float(row[name]) for name in COLUMNS} for row in table])))\n"
  mkdirSync(join(folder, 'stub'))
  writeFileSync(join(folder, 'stub', 'mezz.py'), stub)
  writeFileSync(join(folder, 'alone.py'), `${readFileSync(join(folder, 'train.py'), 'utf8')}\n${tell}`)
  const { stdout, stderr, status } = spawnSync('python3', ['alone.py'], {
    cwd: folder,
    env: { ...process.env, PYTHONPATH: join(folder, 'stub') },
    encoding: 'utf8',
  })
  assert.equal(status, 0, stderr)
  return z.array(z.record(z.string(), z.number())).parse(JSON.parse(stdout.trim().split('\n').at(-1) ?? ''))
}
