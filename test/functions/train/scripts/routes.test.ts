import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text as wholeText } from 'node:stream/consumers'
import { after, before, describe, it } from 'node:test'
import * as z from 'zod'
import type { FunctionTest } from '../../../../build/testkit/setup.ts'
import { setup } from '../../../../build/testkit/setup.ts'
import train from '../../../../functions/train/function.ts'
import { writeTar } from '../../../../functions/train/scripts/tar.ts'
import { Script, Scripts } from '../../../../functions/train/scripts/version.ts'
import { featuresExtracted, jobEnded, modelTrained } from '../../../../triggers/events.ts'
import { ended, jobOf, runOf, runsOf, toldOf } from '../bench.ts'
import { extractionOf } from '../extraction.ts'
import { files } from '../script/job.ts'
import { NUMBERS } from '../script/tiny.ts'

const hasGit = spawnSync('git', ['--version']).status === 0
const Looked = z.object({
  items: z.array(
    z.object({
      git: z.string(),
      commit: z.string().optional(),
      error: z.string().optional(),
      runs: z.array(z.string()),
    }),
  ),
})

describe('train by scripts', () => {
  let bench: FunctionTest
  before(async () => {
    bench = await setup(train)
  })
  after(() => bench.close())

  const putScript = (name: string, text: string, query = '') =>
    bench.request(`/scripts/${name}${query}`, {
      method: 'PUT',
      body: text,
      headers: { 'Content-Type': 'text/x-python' },
    })
  const put = (name: string, trainer: unknown, more = {}) =>
    bench.send('PUT', `/pipelines/${name}`, { dataset: name, target: 'y', task: 'regression', trainer, ...more })
  const extracted = (view: string) => extractionOf(bench.objects, view, NUMBERS)
  const count = async (model: string) => (await runsOf(bench, model)).length

  it('keeps versions of a script, and none for the same files', async () => {
    const first = await putScript('kept', 'print(1)')
    const same = await putScript('kept', 'print(1)')
    const second = await putScript('kept', 'print(2)')

    assert.deepEqual([first.status, same.status, second.status], [201, 200, 201])
    const [one, again, two] = await Promise.all(
      [first, same, second].map(async (answer) => Script.parse(await answer.json())),
    )
    assert.deepEqual([one?.version, again?.version, two?.version], [1, 1, 2])
    assert.deepEqual(one?.files, [{ path: 'train.py', bytes: 8 }])
    assert.equal(Script.parse(await (await bench.request('/scripts/kept')).json()).digest, two?.digest)
    assert.deepEqual(
      Scripts.parse(await (await bench.request('/scripts?limit=1')).json()).items.map(({ name, version }) => [
        name,
        version,
      ]),
      [['kept', 2]],
    )
    assert.equal((await bench.request('/scripts/none')).status, 404)
    const rows = await bench.query<{
      version: number
    }>`select version from scripts where name = 'kept' order by version`
    assert.deepEqual(
      rows.map(({ version }) => version),
      [1, 2],
    )
  })

  it('starts a run when both the script and the features are there, whichever comes last', async () => {
    const waiting = await put('last', { script: 'last' })
    assert.equal(z.object({ waitingFor: z.string() }).parse(await waiting.json()).waitingFor, 'a script last')
    await bench.deliver(featuresExtracted, await extracted('last'))
    assert.equal(await count('last'), 0)
    assert.equal((await bench.send('POST', '/pipelines/last/runs', {})).status, 409)

    await putScript('last', 'print(1)')
    assert.equal(await count('last'), 1)
    await bench.deliver(featuresExtracted, await extracted('last'))
    assert.equal(await count('last'), 2)
    await put('last', { script: 'last' })
    assert.equal(await count('last'), 2)
    await putScript('last', 'print(2)')
    assert.equal(await count('last'), 3)
    await putScript('last', 'print(2)')
    assert.equal(await count('last'), 3)
    await putScript('last', 'print(1)')
    assert.equal(await count('last'), 4)
  })

  it('starts one run when a script, its pipeline and the features come at once', async () => {
    const names = Array.from({ length: 12 }, (_, at) => `race-${at}`)
    const extractions = new Map<string, Awaited<ReturnType<typeof extracted>>>()
    for (const name of names) extractions.set(name, await extracted(name))

    await Promise.all(
      names.flatMap((name) => {
        const extraction = extractions.get(name)
        return [
          putScript(name, 'print(1)'),
          put(name, { script: name }),
          ...(extraction ? [bench.deliver(featuresExtracted, extraction)] : []),
        ]
      }),
    )

    for (const name of names) assert.equal(await count(name), 1, name)
  })

  it('orders a job with the columns as they were, the files, a deadline and memory', async () => {
    await putScript('order', 'print(1)')
    await put('order', { script: 'order' }, { parameters: { depth: 3 }, timeout: 60 })
    await bench.deliver(
      featuresExtracted,
      await extractionOf(
        bench.objects,
        'order',
        `select i::double as y, i / 4 as "a b", i % 2 = 0 as flag, case when i > 0 then 't"' || i end as text,
          timestamp '2024-01-31 08:30:00' + interval (i * 250) millisecond as at from range(3) t(i)`,
      ),
    )

    const [run] = await runsOf(bench, 'order')
    const { request } = await jobOf(bench, run?.id ?? '')
    assert.deepEqual([request.program, request.timeout, request.resources], ['script', 60, { cpu: '1', memory: '4Gi' }])
    assert.deepEqual(JSON.parse(request.environment?.['SETTINGS'] ?? ''), {
      dataset: 'order',
      target: 'y',
      task: 'regression',
      parameters: { depth: 3 },
      holdout: 0.2,
      entry: 'train.py',
      runtime: 'python',
    })
    const table = await bench.objects.read(request.inputs['TABLE']?.name ?? '')
    assert.ok(table)
    assert.equal(
      await wholeText(table.body),
      'y,a b,flag,text,at\n0,0.0,true,,2024-01-31 08:30:00\n1,0.25,false,"t""1",2024-01-31 08:30:00.250\n2,0.5,true,"t""2",2024-01-31 08:30:00.500\n',
    )
  })

  it('tells of a trained model by what the script left, its version and its packages', async () => {
    await putScript('told', 'print(1)')
    await put('told', { script: 'told' })
    await bench.deliver(featuresExtracted, await extracted('told'))
    const [run] = await runsOf(bench, 'told')
    const { id } = await jobOf(bench, run?.id ?? '')
    const object = (value: unknown) =>
      bench.objects.put(Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)))
    const signature = { task: 'regression', target: 'y', inputs: [{ column: 'a' }] }
    const outputs = {
      'model.onnx': await object('graph'),
      'signature.json': await object(signature),
      'metrics.json': await object({ mine: 3 }),
      'reference.json': await object({}),
      'environment.txt': await object('python 3\nnumpy==2'),
    }

    await bench.deliver(jobEnded, ended(id, { state: 'succeeded', outputs }))

    const told = modelTrained.data.parse((await bench.emitted()).at(-1)?.data)
    assert.deepEqual([told.format, told.artifact, told.encoder], ['onnx', outputs['model.onnx'], undefined])
    assert.deepEqual([told.signature, told.metrics], [signature, { mine: 3 }])
    const script = Script.parse(await (await bench.request('/scripts/told')).json())
    assert.deepEqual(told.code, { trainer: 'script told@1', digest: script.digest })
    assert.deepEqual(told.environment, {
      digest: `sha256:${outputs['environment.txt'].sha256}`,
      lock: outputs['environment.txt'],
    })
    const shown = await runOf(bench, run?.id ?? '')
    assert.deepEqual([shown.state, shown.code], ['succeeded', told.code])
  })

  const BAD: readonly (readonly [what: string, body: unknown, status: number, pointer: string])[] = [
    ['a trainer of no kind', { trainer: { image: 'x' } }, 400, '/trainer'],
    ['a script whose name is none', { trainer: { script: 'A b' } }, 400, '/trainer/script'],
    ['a repository by a helper program', { trainer: { git: 'ext::sh -c id', path: 'train.py' } }, 400, '/trainer/git'],
    ['a repository that is an option', { trainer: { git: '--upload-pack=id', path: 'train.py' } }, 400, '/trainer/git'],
    [
      'a repository with a password',
      { trainer: { git: 'https://me:secret@example.org/x', path: 'train.py' } },
      400,
      '/trainer/git',
    ],
    [
      'a ref that is an option',
      { trainer: { git: 'https://example.org/x', ref: '-x', path: 'train.py' } },
      400,
      '/trainer/ref',
    ],
    ['a path that leads out', { trainer: { git: 'https://example.org/x', path: '../train.py' } }, 400, '/trainer/path'],
    [
      'a path that is no program',
      { trainer: { git: 'https://example.org/x', path: 'train.sh' } },
      400,
      '/trainer/path',
    ],
    ['a runtime that is none', { trainer: { script: 's' }, runtime: 'ruby' }, 400, '/runtime'],
    ['no time at all', { trainer: { script: 's' }, timeout: 0 }, 400, '/timeout'],
    ['a runtime for our own trees', { runtime: 'python' }, 422, '/runtime'],
    ['a deadline for our own trees', { timeout: 5 }, 422, '/timeout'],
  ]
  for (const [what, more, status, pointer] of BAD) {
    it(`refuses a pipeline with ${what}, and keeps nothing`, async () => {
      const answer = await bench.send('PUT', '/pipelines/bad', {
        dataset: 'd',
        target: 'y',
        task: 'regression',
        ...(more as object),
      })

      const problem = z.object({ errors: z.array(z.object({ pointer: z.string() })) }).parse(await answer.json())
      assert.deepEqual([answer.status, problem.errors[0]?.pointer], [status, pointer])
      assert.equal((await bench.request('/pipelines/bad')).status, 404)
    })
  }

  it('refuses a script whose name is none, and an entry that it does not have', async () => {
    assert.equal((await putScript('A_b', 'print(1)')).status, 400)
    assert.equal((await putScript('bad', 'print(1)', '?entry=train.sh')).status, 422)
    assert.equal((await putScript('bad', 'print(1)', '?file=train.py')).status, 400)
    assert.equal((await bench.request('/scripts/bad')).status, 404)
  })

  it('trains on each commit of a branch that a look finds, and says why a look found none', {
    skip: !hasGit && 'no git here',
  }, async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'mezz-git-'))
    t.after(() => rmSync(folder, { recursive: true }))
    const git = (...args: string[]) =>
      execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@example.org', ...args], {
        cwd: folder,
        encoding: 'utf8',
      })
    const commit = (text: string) => {
      writeFileSync(join(folder, 'train.py'), text)
      git('add', '.')
      git('commit', '-q', '-m', text)
      return git('rev-parse', 'HEAD').trim()
    }
    git('init', '-q', '-b', 'trunk')
    const first = commit('print(1)')
    const url = `file://${folder}`
    const look = async () =>
      Looked.parse(await (await bench.request('/events/git-look', { method: 'POST' })).json()).items.find(
        (one) => one.git === url,
      )
    await bench.deliver(featuresExtracted, await extracted('git'))

    const answer = await put('git', { git: url, ref: 'main', path: 'train.py' })
    assert.equal(z.object({ waitingFor: z.string() }).parse(await answer.json()).waitingFor, `${url} has no main`)
    git('branch', '-m', 'main')
    assert.deepEqual([(await look())?.commit, await count('git')], [first, 1])
    assert.deepEqual([(await look())?.runs, await count('git')], [[], 1])
    const second = commit('print(2)')
    const found = await look()
    assert.deepEqual([found?.commit, found?.runs.length], [second, 1])

    const { request } = await jobOf(bench, found?.runs[0] ?? '')
    const settings = z
      .looseObject({ git: z.unknown(), entry: z.string() })
      .parse(JSON.parse(request.environment?.['SETTINGS'] ?? ''))
    assert.deepEqual([settings.git, settings.entry], [{ url, ref: 'main', commit: second }, 'train.py'])
    assert.deepEqual(Object.keys(request.inputs), ['TABLE'])
    assert.deepEqual(await toldOf(bench, 'git'), ['mezz.training.started.v1', 'mezz.training.started.v1'])
    rmSync(join(folder, '.git'), { recursive: true })
    assert.match((await look())?.error ?? '', /^git cannot read file:\/\/.*not appear to be a git repository/)

    const heads = () => bench.query`select 1 from git_heads where git = ${url}`
    assert.equal((await heads()).length, 1)
    assert.equal((await bench.request('/pipelines/git', { method: 'DELETE' })).status, 204)
    assert.deepEqual(await heads(), [])
  })
})

it('a tar of a script is kept as it is told', () => {
  const archive = writeTar(files({ 'b.py': 'b', 'a.py': 'a' }))

  assert.deepEqual(archive, writeTar(files({ 'a.py': 'a', 'b.py': 'b' })))
})
