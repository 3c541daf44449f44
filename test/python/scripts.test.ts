import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import * as z from 'zod'
import { Predictions } from '../../functions/infer/predictions.ts'
import { withoutPython } from '../functions/train/script/job.ts'
import { startDev } from '../platform/mezz-dev.ts'
import { churnTable } from './churn.ts'
import { CACHE, mezzRun } from './run.ts'

interface Case {
  readonly name: string
  readonly what: string
  readonly table: string
  readonly target: string
  /** A Python expression of the library's own probabilities of all rows, at the script's end. */
  readonly predicts: string
  readonly most: number
  /** In front of PATH: where the Python is that has the library. */
  readonly path?: string
  readonly skip?: string | false
}

const data = (name: string) => readFileSync(new URL(`../data/${name}.csv`, import.meta.url), 'utf8')
const torch = spawnSync('/usr/bin/python3', ['-c', 'import torch'])

const CASES: readonly Case[] = [
  {
    name: 'churn',
    what: 'a scikit-learn pipeline with texts, categories and missing values',
    table: churnTable(1200),
    target: 'churned',
    predicts: 'model.predict_proba(X)',
    most: 1e-6,
  },
  {
    name: 'cells',
    what: 'a LightGBM classifier',
    table: data('breast-cancer'),
    target: 'target',
    predicts: 'model.predict_proba(X)',
    most: 1e-12,
  },
  {
    name: 'petals',
    what: 'a PyTorch module',
    table: data('iris'),
    target: 'target',
    predicts: 'torch.softmax(model(X), -1).detach()',
    most: 1e-6,
    path: '/usr/bin',
    skip: torch.status === 0 ? false : "/usr/bin/python3 has no torch: Debian's python3-torch brings it",
  },
]

describe('a script as its user wrote it, with one line more', { skip: withoutPython, timeout: 600_000 }, () => {
  for (const { name, what, table, target, predicts, most, path, skip = false } of CASES) {
    it(`goes from file to endpoint, and predicts as its library does: ${what}`, { skip }, async (t) => {
      const folder = mkdtempSync(join(tmpdir(), `mezz-python-${name}-`))
      mkdirSync(join(folder, 'empty'))
      cpSync(new URL(`scripts/${name}`, import.meta.url), folder, { recursive: true })
      writeFileSync(join(folder, `${name}.csv`), table)
      const told = join(folder, 'expected.json')
      const tell = `\nimport json; json.dump([[float(one) for one in row] for row in ${predicts}], open(${JSON.stringify(told)}, 'w'))\n`
      writeFileSync(join(folder, 'train.py'), tell, { flag: 'a' })
      const PATH = path === undefined ? {} : { PATH: `${path}:${process.env['PATH']}` }
      const dev = await startDev({
        data: join(folder, 'data'),
        folder: join(folder, 'empty'),
        env: { MEZZ_CACHE: CACHE, ...PATH },
      })
      t.after(async () => {
        await dev.stop()
        rmSync(folder, { recursive: true, force: true })
      })

      const { out, error, code, seconds } = await mezzRun(
        folder,
        ...['train.py', '--dataset', `${name}.csv`, '--target', target, '--url', dev.url],
      )

      assert.deepEqual([code, error], [0, ''], out)
      assert.match(out, new RegExp(`^model {5}${name}@1 published`, 'm'))
      const expected = z.array(z.array(z.number())).parse(JSON.parse(readFileSync(told, 'utf8')))
      const apart = await difference(`${dev.url}/default/infer/models/${name}/predict`, { table, target, expected })
      t.diagnostic(`${seconds.toFixed(1)} s to the first answer; ${/\d+ packages.*|of this machine.*/.exec(out)?.[0]}`)
      t.diagnostic(`${expected.length} rows, apart by ${apart} at most`)
      assert.ok(apart <= most, `apart by ${apart}`)
    })
  }
})

/** How far the endpoint's probabilities are from the expected ones, of all rows of a CSV without quotes, sent as its texts. */
async function difference(
  url: string,
  { table, target, expected }: { readonly table: string; readonly target: string; readonly expected: number[][] },
): Promise<number> {
  const [head = '', ...lines] = table.trim().split('\n')
  const names = head.trim().split(',')
  const rows = lines.map((line) => {
    const cells = line.trim().split(',')
    return Object.fromEntries(names.flatMap((name, at) => (name === target ? [] : [[name, cells[at]]])))
  })
  const answer = await fetch(url, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ rows }),
  })
  const { predictions } = Predictions.parse(await answer.json())
  assert.equal(predictions.length, expected.length)
  let most = 0
  for (const [at, one] of predictions.entries()) {
    assert.ok('label' in one)
    const found = Object.entries(one.probabilities)
    const row = expected[at] ?? []
    assert.equal(one.label, found[row.indexOf(Math.max(...row))]?.[0])
    for (const [place, value] of row.entries())
      most = Math.max(most, Math.abs(value - (found[place]?.[1] ?? Number.NaN)))
  }
  return most
}
