import assert from 'node:assert/strict'
import { execFile, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { it } from 'node:test'
import { promisify } from 'node:util'
import * as z from 'zod'
import { withoutPython } from '../functions/train/script/job.ts'
import { tinyScript } from '../functions/train/script/tiny.ts'
import { ask, predict } from '../platform/chain.ts'
import { eventually } from '../platform/eventually.ts'
import { startDev } from '../platform/mezz-dev.ts'
import { serveGit } from './git-server.ts'
import { mezzRun } from './run.ts'

const hasGit = spawnSync('git', ['http-backend', '--help']).error === undefined
const Model = z.object({ published: z.number().nullable() })
const Lineage = z.object({
  nodes: z.array(z.object({ kind: z.string(), name: z.string(), version: z.string().optional() })),
})
const Looked = z.object({ items: z.array(z.object({ commit: z.string().optional(), runs: z.array(z.string()) })) })

it('a script of a git server is trained anew by a push', {
  skip: withoutPython || (!hasGit && 'no git here'),
  timeout: 300_000,
}, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'mezz-python-git-'))
  for (const name of ['served', 'work', 'empty']) mkdirSync(join(folder, name))
  const rows = Array.from({ length: 40 }, (_, at) => `${at},${at % 4},${2 * (at + (at % 4))}`)
  writeFileSync(join(folder, 'numbers.csv'), `a,b,y\n${rows.join('\n')}\n`)
  const { url, server } = await serveGit(join(folder, 'served'))
  t.after(() => server.close())
  const git = async (...args: readonly string[]) => {
    const author = ['-c', 'user.name=t', '-c', 'user.email=t@example.org']
    return (await promisify(execFile)('git', [...author, ...args], { cwd: join(folder, 'work') })).stdout.trim()
  }
  const push = async (factor: number) => {
    mkdirSync(join(folder, 'work', 'jobs'), { recursive: true })
    for (const { path, bytes } of tinyScript(factor)) writeFileSync(join(folder, 'work', 'jobs', path), bytes)
    await git('add', '.')
    await git('commit', '-q', '-m', `by ${factor}`)
    await git('push', '-q', 'origin', 'main')
    return git('rev-parse', 'HEAD')
  }
  await promisify(execFile)('git', ['init', '-q', '--bare', '-b', 'main', join(folder, 'served', 'us.git')])
  await git('init', '-q', '-b', 'main')
  await git('config', '--file', join(folder, 'served', 'us.git', 'config'), 'http.receivepack', 'true')
  await git('remote', 'add', 'origin', `${url}/us.git`)
  await push(2)
  const dev = await startDev({ data: join(folder, 'data'), folder: join(folder, 'empty') })
  t.after(async () => {
    await dev.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  const from = ['--git', `${url}/us.git`, '--ref', 'main', '--path', 'jobs/train.py']
  const about = ['--dataset', 'numbers.csv', '--target', 'y', '--task', 'regression', '--url', dev.url]
  const { out, error, code } = await mezzRun(folder, ...from, ...about)

  assert.deepEqual([code, error], [0, ''], out)
  assert.deepEqual((await predict(dev.url, 'numbers', [{ a: 3, b: 4 }])).predictions, [{ value: 14 }])

  const commit = await push(5)
  const looked = await fetch(`${dev.url}/default/train/events/git-look`, { method: 'POST' })
  const [found] = Looked.parse(await looked.json()).items
  assert.deepEqual([found?.commit, found?.runs.length], [commit, 1])
  await eventually('the second version', async () => {
    return (await ask(`${dev.url}/default/publish/models/numbers`, Model)).published === 2
  })
  await eventually('its predictions', async () => {
    const { predictions } = await predict(dev.url, 'numbers', [{ a: 3, b: 4 }])
    return predictions[0]?.value === 35
  })
  const { id } = await predict(dev.url, 'numbers', [{ a: 3, b: 4 }])
  const { nodes } = await ask(`${dev.url}/_mezz/lineage?of=${encodeURIComponent(id)}`, Lineage)
  assert.deepEqual(
    nodes.filter(({ kind }) => kind === 'code').map(({ name, version }) => [name, version]),
    [[`${url}/us.git jobs/train.py`, commit]],
  )

  // A look that finds nothing new begins nothing; a branch that is gone is a state with its reason.
  const again = await fetch(`${dev.url}/default/train/events/git-look`, { method: 'POST' })
  assert.deepEqual(Looked.parse(await again.json()).items[0]?.runs, [])
  const missing = await mezzRun(folder, ...from.with(3, 'elsewhere'), ...about)
  assert.equal(missing.code, 1)
  assert.match(missing.error, /has no elsewhere/)
})
