import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { text as wholeText } from 'node:stream/consumers'
import { after, before, describe, it } from 'node:test'
import * as z from 'zod'
import { writeTar } from '../../functions/train/scripts/tar.ts'
import { withoutPython } from '../functions/train/script/job.ts'
import { tinyScript } from '../functions/train/script/tiny.ts'
import { ask, predict, published } from './chain.ts'
import { eventually } from './eventually.ts'
import type { Dev } from './mezz-dev.ts'
import { startDev } from './mezz-dev.ts'

const Lineage = z.object({
  nodes: z.array(z.looseObject({ kind: z.string(), name: z.string(), digest: z.string().optional() })),
})
const ROWS = Array.from({ length: 40 }, (_, at) => `${at},${at % 4},${2 * (at + (at % 4))}`)

describe('mezz run', { skip: withoutPython, timeout: 300_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'mezz-run-'))
  const script = join(folder, 'script')
  let dev: Dev
  before(async () => {
    mkdirSync(join(folder, 'empty'))
    mkdirSync(script)
    writeFileSync(join(folder, 'numbers.csv'), `a,b,y\n${ROWS.join('\n')}\n`)
    dev = await startDev({ data: join(folder, 'data'), folder: join(folder, 'empty') })
  })
  after(async () => {
    await dev.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  const lay = (factor: number, options = {}) => {
    for (const { path, bytes } of tinyScript(factor, options)) writeFileSync(join(script, path), bytes)
  }
  const run = async (...args: readonly string[]) => {
    const child = spawn(
      process.execPath,
      [resolve('build/launch.js'), 'run', ...args, '--target', 'y', '--task', 'regression', '--url', dev.url],
      { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] },
    )
    const ended = new Promise((resolve) => child.once('close', resolve))
    const [out, error, code] = await Promise.all([wholeText(child.stdout), wholeText(child.stderr), ended])
    return { out, error, code }
  }

  it('takes a table and a folder to an endpoint, which its last line asks', async () => {
    lay(2)

    const { out, error, code } = await run('script', '--dataset', 'numbers.csv')

    assert.deepEqual([code, error], [0, ''])
    assert.match(out, /^script {4}numbers@1: train\.py of 2 files$/m)
    assert.match(out, /^ {2}40 rows$/m)
    assert.match(out, /^factor 2\.00000$/m)
    assert.match(out, /^model {5}numbers@1 published after /m)
    assert.match(out, /^predicts {2}\{"value":0\}$/m)
    const last = out.trim().split('\n').at(-1) ?? ''
    assert.equal(last.split(' ')[1], `${dev.url}/default/infer/models/numbers/predict`)
    const { predictions, id } = await predict(dev.url, 'numbers', [{ a: 3, b: 4 }])
    assert.deepEqual(predictions, [{ value: 14 }])
    const lineage = await ask(`${dev.url}/_mezz/lineage?of=${encodeURIComponent(id)}`, Lineage)
    const kinds = lineage.nodes.map(({ kind, name }) => `${kind} ${name}`)
    for (const one of ['datasets numbers', 'scripts numbers']) assert.ok(kinds.includes(one), one)
    assert.ok(kinds.some((one) => one.startsWith('environments sha256:')))
  })

  it('trains anew by a changed script, and asks for one more run of an unchanged one', async () => {
    lay(3)
    const changed = await run('script', '--dataset', 'numbers')
    assert.deepEqual([changed.code, changed.error], [0, ''])
    assert.match(changed.out, /^model {5}numbers@2 published/m)
    assert.deepEqual((await predict(dev.url, 'numbers', [{ a: 3, b: 4 }])).predictions, [{ value: 21 }])

    const same = await run('script', '--dataset', 'numbers')
    assert.match(same.out, /^script {4}numbers@2: /m)
    assert.match(same.out, /^model {5}numbers@3 published/m)
  })

  it('ends with 1 and the reason when the script fails, or says what its model does not', async () => {
    lay(4, { before: 'raise SystemExit("no such luck")' })
    const failed = await run('script', '--dataset', 'numbers')
    assert.equal(failed.code, 1)
    assert.equal(failed.error, 'the run failed: train.py ended with exit code 1: no such luck\n')

    lay(4, { lies: 1 })
    const lied = await run('script', '--dataset', 'numbers')
    assert.equal(lied.code, 1)
    assert.match(
      lied.error,
      /was rejected: the graph is not equal to the model: of reference row 1 the graph says 0, the library itself 1/,
    )
    assert.deepEqual((await predict(dev.url, 'numbers', [{ a: 3, b: 4 }])).predictions, [{ value: 21 }])
  })

  it('goes on with the runs of later versions where it is told to follow', async (t) => {
    lay(2)
    const args = ['run', 'script', '--dataset', 'numbers', '--target', 'y', '--task', 'regression', '--follow']
    const child = spawn(process.execPath, [resolve('build/launch.js'), ...args, '--url', dev.url], {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    t.after(() => child.kill())
    let out = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      out += text
    })
    const answers = (count: number) =>
      eventually(`${count} endpoints`, async () => [...out.matchAll(/^curl /gm)].length === count)
    await answers(1)

    const more = await fetch(`${dev.url}/default/ingest/datasets?name=numbers`, {
      method: 'POST',
      headers: { 'Content-Type': 'text/csv' },
      body: `a,b,y\n${ROWS.slice(1).join('\n')}\n`,
    })

    assert.equal(more.status, 201)
    await answers(2)
    assert.match(out, /^ {2}39 rows$/m)
  })

  it('says what is wrong with what it was given', async () => {
    const none = await run('nowhere', '--dataset', 'numbers')
    const unknown = await run('script', '--dataset', 'unknown')

    assert.deepEqual([none.code, unknown.code], [2, 1])
    assert.match(none.error, /there is no file and no folder nowhere/)
    assert.match(unknown.error, /no dataset unknown/)
  })
})

it('a script that runs while its engine is killed is ended, and run again', {
  skip: withoutPython,
  timeout: 300_000,
}, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'mezz-run-killed-'))
  const started: Dev[] = []
  t.after(async () => {
    for (const dev of started) await dev.stop()
    rmSync(folder, { recursive: true, force: true })
  })
  const [data, asleep] = [join(folder, 'data'), join(folder, 'asleep')]
  mkdirSync(join(folder, 'empty'))
  const before = `import time
if not os.path.exists(${JSON.stringify(asleep)}):
    open(${JSON.stringify(asleep)}, 'w').write(str(os.getpid()))
    time.sleep(600)`
  const send = (url: string, method: string, type: string, body: Uint8Array<ArrayBuffer> | string) =>
    fetch(url, { method, headers: { 'Content-Type': type }, body })
  const first = await startDev({ data, folder: join(folder, 'empty') })
  const base = `${first.url}/default`
  const archive = Uint8Array.from(writeTar(tinyScript(2, { before })))
  assert.equal((await send(`${base}/train/scripts/numbers`, 'PUT', 'application/x-tar', archive)).status, 201)
  const order = { dataset: 'numbers', target: 'y', task: 'regression', trainer: { script: 'numbers' } }
  await send(`${base}/train/pipelines/numbers`, 'PUT', 'application/json', JSON.stringify(order))
  await send(`${base}/ingest/datasets?name=numbers`, 'POST', 'text/csv', `a,b,y\n${ROWS.join('\n')}\n`)
  const sleeper = await eventually('a sleeping script', async () => existsSync(asleep) && readFileSync(asleep, 'utf8'))

  await first.kill()
  const second = await startDev({ data, folder: join(folder, 'empty') })
  started.push(second)

  await published(second.url, 'numbers')
  assert.deepEqual((await predict(second.url, 'numbers', [{ a: 3, b: 4 }])).predictions, [{ value: 14 }])
  assert.throws(() => process.kill(Number(sleeper), 0), /ESRCH/)
})
