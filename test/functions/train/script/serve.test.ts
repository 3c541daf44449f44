import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { errorOf, files, runScript, withoutPython } from './job.ts'

const TABLE = `a,b,y\n${Array.from({ length: 30 }, (_, at) => `${at},${at % 3},${at % 2}`).join('\n')}\n`
const run = (source: string, task: 'classification' | 'regression' = 'regression') =>
  runScript(files({ 'train.py': `import mezz\n${source}` }), { table: TABLE, task })

describe('mezz.serve', { skip: withoutPython }, () => {
  it('leaves what the script is served with, after it was started again and said the same', async () => {
    const job = await run(`
learnt = mezz.once(lambda: sum(row['a'] for row in mezz.rows()))
mezz.serve(lambda rows: [learnt + row['b'] for row in rows], {'sum': learnt})`)

    assert.equal(errorOf(job), '')
    assert.deepEqual(Object.keys(job.outputs).sort(), [
      'contract.json',
      'environment.txt',
      'metrics.json',
      'reference.json',
      'signature.json',
      'state.pickle',
    ])
    assert.deepEqual(JSON.parse(job.outputs['contract.json'] ?? ''), {
      columns: [
        { name: 'a', type: 'number' },
        { name: 'b', type: 'number' },
      ],
      classes: null,
    })
    assert.deepEqual(JSON.parse(job.outputs['reference.json'] ?? '').values.slice(0, 3), [435, 436, 437])
    assert.deepEqual(JSON.parse(job.outputs['metrics.json'] ?? ''), { sum: 435 })
  })

  it('takes labels and probabilities alike', async () => {
    const job = await run(
      `mezz.serve(lambda rows: [1 if row['a'] % 2 else {0: 0.75, 1: 0.25} for row in rows])`,
      'classification',
    )

    assert.equal(errorOf(job), '')
    assert.deepEqual(JSON.parse(job.outputs['reference.json'] ?? '').probabilities.slice(0, 2), [
      [0.75, 0.25],
      [0, 1],
    ])
  })

  it('learns by mezz.once in the training run alone', async () => {
    const job = await run(`
import os
def learn():
    print('learning', os.environ.get('MEZZ_SERVE'))
    return os.getpid()
learnt = mezz.once(learn)
mezz.serve(lambda rows: [learnt] * len(rows))`)

    assert.equal(errorOf(job), '')
    assert.deepEqual(
      job.lines.filter((line) => line.startsWith('learning')),
      ['learning None'],
    )
  })

  for (const [what, source, said, task] of [
    [
      'answers otherwise when it is started again',
      'import random; offset = random.random()\nmezz.serve(lambda rows: [offset] * len(rows))',
      /started again, the script answers row 0 .* keep what it learns by mezz\.once/,
    ],
    [
      'does not come so far again',
      "import os\nif os.environ.get('MEZZ_SERVE'): raise RuntimeError('only once')\nmezz.serve(lambda rows: [1] * len(rows))",
      /cannot be started again to serve its model: RuntimeError: only once/,
    ],
    [
      'gives too few answers',
      'mezz.serve(lambda rows: [1])',
      /predict gives 1 answers for 30 rows: it gives one for each/,
    ],
    [
      'gives what is no number',
      "mezz.serve(lambda rows: ['much'] * len(rows))",
      /predict gives 'much', which is no number/,
    ],
    [
      'gives a label that is none',
      'mezz.serve(lambda rows: [7] * len(rows))',
      /predict gives 7, which is none of the classes: 0, 1/,
      'classification',
    ],
    [
      'takes a column that the data does not have',
      "mezz.serve(lambda rows: [1] * len(rows), columns=['c'])",
      /the model takes c, which the dataset does not have/,
    ],
  ] as const) {
    it(`fails the run of a script that ${what}`, async () => {
      assert.match(errorOf(await run(source, task)), said)
    })
  }
})
