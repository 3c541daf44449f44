import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { errorOf, files, runScript, withoutPython } from './job.ts'
import { tinyGraph, tinyScript } from './tiny.ts'

const TABLE = 'a,b,y\n1,2,6\n3,4,14\n'
const LEFT = ['environment.txt', 'metrics.json', 'model.onnx', 'reference.json', 'signature.json']

describe('the program that runs a script', { skip: withoutPython }, () => {
  it('gives it the data by its name, takes what it left, and tells on what packages it ran', async () => {
    const job = await runScript(tinyScript(2), { table: TABLE })

    assert.equal(errorOf(job), '')
    assert.deepEqual(Object.keys(job.outputs).sort(), LEFT)
    assert.match(job.outputs['environment.txt'] ?? '', /^python 3\.\d+\.\d+ \S+\n(\S+==\S+\n)*/)
    assert.ok(job.lines.includes('2 rows'))
  })

  it('lays the newest data down in the place of a file of that name which came with the script', async () => {
    const job = await runScript([...tinyScript(2), ...files({ 'numbers.csv': 'a,b\n9,9\n' })], { table: TABLE })

    assert.deepEqual(JSON.parse(job.outputs['reference.json'] ?? '').rows, [
      [1, 2],
      [3, 4],
    ])
  })

  it('lets it import its neighbours, in a folder of its own, with its settings in variables', async () => {
    const job = await runScript(
      files({
        'jobs/train.py':
          'import os, json, lib, shared.more\nprint("say", json.dumps([os.environ["MEZZ_TARGET"], os.environ["MEZZ_TASK"], json.loads(os.environ["MEZZ_PARAMETERS"]), lib.A, shared.more.B]))',
        'jobs/lib.py': 'A = 1',
        'shared/more.py': 'B = 2',
      }),
      { entry: 'jobs/train.py', parameters: { depth: 3 } },
    )

    assert.ok(job.lines.includes('say ["y", "regression", {"depth": 3}, 1, 2]'), job.lines.join('\n'))
  })

  it('gives it the rows, and takes a metric while it runs', async () => {
    const source = `import mezz
for row in mezz.rows(): print('row', row)
mezz.log('loss', 0.5, step=3)
mezz.log('odd', float('nan'))`

    const job = await runScript(files({ 'train.py': source }), {
      table: 'a,text,flag,y\n1,"x, y",true,2.5\n,,false,1e3\n',
    })

    assert.deepEqual(
      job.lines.filter((line) => /^(row|mezz:|step) /.test(line)),
      [
        "row {'a': 1, 'text': 'x, y', 'flag': True, 'y': 2.5}",
        "row {'a': None, 'text': None, 'flag': False, 'y': 1000.0}",
        'mezz: {"metrics": {"loss": 0.5}}',
        'step 3: loss 0.5',
      ],
    )
  })

  it('has nothing of the platform in its environment, nor of what its installers know', async () => {
    const secrets = { PIP_INDEX_URL: 'https://user:secret@example.org/simple', HOME: '/home/someone' }

    const job = await runScript(
      files({ 'train.py': 'import os\nfor name in sorted(os.environ): print("has", name, os.environ[name])' }),
      {
        installer: secrets,
      },
    )

    const names = job.lines.flatMap((line) => /^has (\w+)/.exec(line)?.[1] ?? []).filter((name) => name !== 'LC_CTYPE')
    assert.deepEqual(names, [
      'HOME',
      'LANG',
      'MEZZ_HOLDOUT',
      'MEZZ_OUTPUT',
      'MEZZ_PARAMETERS',
      'MEZZ_TABLE',
      'MEZZ_TARGET',
      'MEZZ_TASK',
      'PATH',
      'PYTHONPATH',
      'PYTHONUNBUFFERED',
      'TMPDIR',
    ])
    assert.doesNotMatch(job.lines.join('\n'), /secret|\/home\/someone/)
  })

  it('runs a script of Node by its ending, which leaves the files itself', async () => {
    const source = `import { writeFileSync, readFileSync } from 'node:fs'
const write = (name: string, value: unknown) => writeFileSync(process.env.MEZZ_OUTPUT + '/' + name, JSON.stringify(value))
writeFileSync(process.env.MEZZ_OUTPUT + '/model.onnx', readFileSync('model.onnx'))
const rows = readFileSync('numbers.csv', 'utf8').trim().split('\\n').slice(1).map((line) => line.split(',').slice(0, 2).map(Number))
write('reference.json', { rows, values: rows.map(([a, b]) => 2 * (a + b)) })
write('signature.json', { task: 'regression', target: 'y', inputs: [{ column: 'a' }, { column: 'b' }] })`

    const job = await runScript([...files({ 'train.ts': source }), { path: 'model.onnx', bytes: tinyGraph(2) }], {
      table: TABLE,
      entry: 'train.ts',
      runtime: 'node',
    })

    assert.equal(errorOf(job), '')
    assert.deepEqual(Object.keys(job.outputs).sort(), LEFT)
    assert.match(job.outputs['environment.txt'] ?? '', /^node \d+\.\d+\.\d+ /)
  })

  it('says what is missing where there is no Python', async () => {
    const job = await runScript(tinyScript(2), { path: '/nowhere' })

    assert.match(errorOf(job), /python3 is not installed on this machine$/)
  })
})

const FAULTS: readonly (readonly [what: string, source: string, reason: RegExp])[] = [
  ['leaves nothing', 'pass', /^train\.py left no model: a script leaves a model by mezz\.save\(model\)/],
  ['is killed', 'import os; os.kill(os.getpid(), 9)', /^train\.py was ended by SIGKILL$/],
  [
    'lacks a package',
    'import no_such_package.more',
    /^train\.py needs no_such_package, which is not installed: add it to/,
  ],
  ['saves what nobody can serve', 'import mezz; mezz.save(object())', /^train\.py: a object cannot be saved/],
]

describe('a script that', { skip: withoutPython, concurrency: 2 }, () => {
  for (const [what, source, reason] of FAULTS) {
    it(`${what} fails with that reason`, async () => {
      const job = await runScript(files({ 'train.py': source }))

      assert.equal(job.end.state, 'failed')
      assert.match(job.lines.at(-1) ?? '', reason)
      assert.ok(errorOf(job).endsWith(job.lines.at(-1) ?? '-'))
    })
  }

  it('never ends is ended at its deadline, with all that it started', async () => {
    const source =
      'import subprocess, sys, time\nsubprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])\nprint("on", flush=True)\ntime.sleep(600)'

    const job = await runScript(files({ 'train.py': source }), { timeout: 2 })

    assert.match(errorOf(job), /did not end within its 2 seconds/)
  })

  it('prints without end is ended at its deadline, and the log stays bounded', async () => {
    const job = await runScript(files({ 'train.py': 'while True: print("x" * 100000)' }), { timeout: 6 })

    assert.match(errorOf(job), /did not end within its 6 seconds/)
    assert.ok(job.lines.reduce((sum, { length }) => sum + length, 0) < 17 * 2 ** 20)
    assert.ok(job.lines.includes('The log goes on, but only its first 16 MiB are kept.'))
  })

  it('is cancelled ends, with all that it started', async () => {
    const stop = new AbortController()

    const job = await runScript(files({ 'train.py': 'import time\nprint("on")\ntime.sleep(600)' }), {
      signal: stop.signal,
      line: (text) => text === 'on' && stop.abort(),
    })

    assert.equal(job.end.state, 'cancelled')
  })
})
