import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { after, it } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { folderObjects } from '../../../runtime/adapters/folder.ts'
import { processes } from '../../../runtime/adapters/process-tree.ts'
import { errorOf, probe, testLauncher } from '../../conformance/launcher.ts'
import { openLauncher } from './open-launcher.ts'

const root = mkdtempSync(join(tmpdir(), 'launcher-'))
after(() => rmSync(root, { recursive: true }))

const HOST = fileURLToPath(new URL('./child-processes-host.ts', import.meta.url))
/** Elsewhere there is no /proc to see processes by. */
const ON_LINUX = { skip: process.platform !== 'linux' }
const newFolder = () => mkdtempSync(join(root, 'place-'))
const open = () => openLauncher(newFolder())

testLauncher('child processes', open)

it('leaves no process and no folder of an attempt, wherever its processes went', ON_LINUX, async () => {
  const { launcher, jobs } = open()
  const mark = randomUUID()

  const end = await probe(launcher, 'scatter', { environment: { MARK: mark } })

  assert.equal(end.state, 'succeeded')
  assert.deepEqual(alive(mark), [])
  assert.deepEqual(readdirSync(jobs), [])
})

it('leaves no process of an attempt that is cancelled', ON_LINUX, async () => {
  const { launcher, jobs } = open()
  const mark = randomUUID()
  const cancel = new AbortController()
  let seen = 0

  const end = await probe(launcher, 'scatter', {
    environment: { MARK: mark, THEN: 'wait' },
    signal: cancel.signal,
    line() {
      seen = alive(mark).length
      cancel.abort()
    },
  })

  assert.deepEqual([end.state, seen], ['cancelled', 3])
  assert.deepEqual(alive(mark), [])
  assert.deepEqual(readdirSync(jobs), [])
})

it('leaves no process within two seconds when the engine is killed', ON_LINUX, async () => {
  const { host, mark } = await startHost(newFolder())
  assert.equal(alive(mark).length, 3)
  const begin = performance.now()

  host.kill('SIGKILL')

  while (alive(mark).length > 0) {
    assert.ok(performance.now() - begin < 2000, `still there: ${alive(mark)}`)
    await setTimeout(20)
  }
})

it(
  'clears what is left when the engine and the watching process were both killed, and no stranger',
  ON_LINUX,
  async () => {
    const folder = newFolder()
    const { host, mark } = await startHost(folder)
    const strangers = [join(folder, 'jobs', 'j10', '0', 'out'), join(folder, 'other', 'j1', '0', 'out')].map((output) =>
      spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { env: { MEZZ_OUTPUT: output }, stdio: 'ignore' }),
    )
    const wrapper = processes().find(({ parent }) => parent === host.pid)
    assert.ok(wrapper)
    process.kill(wrapper.pid, 'SIGSTOP')
    host.kill('SIGKILL')
    process.kill(wrapper.pid, 'SIGKILL')
    await once(host, 'exit')
    assert.equal(alive(mark).length, 3)

    await openLauncher(folder).launcher.clear('j1')

    assert.deepEqual(alive(mark), [])
    assert.ok(!existsSync(join(folder, 'jobs', 'j1')))
    assert.deepEqual(
      strangers.map(({ exitCode, signalCode }) => exitCode ?? signalCode),
      [null, null],
    )
    for (const stranger of strangers) assert.ok(stranger.kill('SIGKILL'))
  },
)

it('fails an attempt whose watching process is killed, and leaves no process', ON_LINUX, async () => {
  const { launcher } = open()
  const mark = randomUUID()
  const line = () => {
    for (const { pid, parent } of processes())
      if (parent === process.pid && isWrapper(pid)) process.kill(pid, 'SIGKILL')
  }

  const end = await probe(launcher, 'scatter', { environment: { MARK: mark, THEN: 'wait' }, line })

  assert.match(errorOf(end), /watched over it was ended/)
  assert.deepEqual(alive(mark), [])
})

it('passes on 16 MiB of a log, then one notice, and still knows the last line', async () => {
  const lines: string[] = []

  const end = await probe(open().launcher, 'flood', { line: (text) => lines.push(text) })

  assert.match(lines.pop() ?? '', /only its first 16 MiB/)
  assert.equal(lines.length, (16 * 2 ** 20) / 1024)
  assert.ok(lines.every((line) => line.length === 1023))
  assert.match(errorOf(end), /exit code 1[\s\S]*the last line$/)
})

it('stores nothing of outputs that are too many or too large', async () => {
  for (const [outputs, reason] of [
    [{ files: 4, bytes: 1000 }, /5 files, and 4 are allowed/],
    [{ files: 5, bytes: 499 }, /500 bytes, and 499 are allowed/],
  ] as const) {
    const { launcher, objects } = openLauncher(newFolder(), { outputs })

    assert.match(errorOf(await probe(launcher, 'many')), reason)
    assert.deepEqual(await objects.list('jobs/'), [])
  }
  const { launcher } = openLauncher(newFolder(), { outputs: { files: 5, bytes: 500 } })
  assert.equal((await probe(launcher, 'many')).state, 'succeeded')
})

it('gives the program a home of its own, and the files that it was meant to have', async () => {
  const { launcher, objects, jobs } = open()
  const rows = await objects.write('rows.csv', Buffer.from('a,b'))

  await probe(launcher, 'tell', { job: 'j1', attempt: 4, inputs: { ROWS: rows } })

  const told = await objects.read('jobs/j1/4/told')
  assert.ok(told)
  const { env } = JSON.parse(await text(told.body))
  const home = join(jobs, 'j1', '4')
  assert.deepEqual(
    [env.HOME, env.TMPDIR, env.MEZZ_OUTPUT, env.ROWS],
    [home, join(home, 'tmp'), join(home, 'out'), join(home, 'in', 'ROWS.csv')],
  )
})

it('refuses a job whose id is no folder name', async () => {
  for (const job of ['..', 'a/b', '']) {
    await assert.rejects(probe(open().launcher, 'copy', { job }), { code: 'invalid_input' })
    await assert.rejects(open().launcher.clear(job), { code: 'invalid_input' })
  }
})

it('rejects when the objects or the folder cannot be reached, for the attempt is not to blame', async () => {
  const folder = newFolder()
  writeFileSync(join(folder, 'file'), '')
  const objects = folderObjects(join(folder, 'file'))
  const TABLE = await folderObjects(folder).put(Buffer.from('a'))

  await assert.rejects(probe(openLauncher(folder, { objects }).launcher, 'copy', { inputs: { TABLE } }), {
    code: 'unavailable',
  })
  await assert.rejects(probe(openLauncher(folder, { objects }).launcher, 'tell'), { code: 'unavailable' })
  await assert.rejects(probe(openLauncher(folder, { folder: join(folder, 'file') }).launcher, 'tell'), {
    code: 'unavailable',
  })
})

async function startHost(folder: string) {
  const mark = randomUUID()
  const host = spawn(process.execPath, [...process.execArgv, HOST, folder, mark], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [line] = await once(createInterface(host.stdout), 'line')
  assert.equal(line, 'scattered')
  return { host, mark }
}

/** The processes that the probe scattered under this mark. */
function alive(mark: string): number[] {
  return processes().flatMap(({ pid }) =>
    commandOf(pid).at(-1) === mark && !commandOf(pid).includes(HOST) ? [pid] : [],
  )
}

function isWrapper(pid: number): boolean {
  return commandOf(pid).some((part) => part.includes('child-wrapper'))
}

function commandOf(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').slice(0, -1)
  } catch {
    return []
  }
}
