import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { endLeftovers } from '../../build/local/leftovers.ts'
import { get, SERVER, temporary, until } from '../build/local/setup.ts'

const HOLDER = fileURLToPath(new URL('fixture/hold-pool.ts', import.meta.url))
const PATH = process.env['PATH'] ?? ''

/** A program that does not look at its standard input. */
const DEAF = `import { createServer } from 'node:http'
createServer((_, response) => response.end(JSON.stringify({ pid: process.pid }))).listen(Number(process.env.PORT))`

describe('kill -9 of the platform', { timeout: 30_000, skip: process.platform !== 'linux' }, () => {
  it('ends a process that watches its standard input', async (t) => {
    const { pid, holder } = await hold(t, SERVER, '')

    holder.kill('SIGKILL')

    await until(() => !lives(pid))
  })

  it('ends a program that knows nothing of us', async (t) => {
    const { pid, holder, runFolder } = await hold(t, deaf(t), PATH)

    holder.kill('SIGKILL')

    await until(() => !lives(pid))
    assert.deepEqual(endLeftovers(runFolder), [])
  })

  it('leaves a note by which the next start ends what the system did not', async (t) => {
    const { pid, holder, runFolder } = await hold(t, deaf(t), '')
    const other = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { detached: true })
    t.after(() => other.kill('SIGKILL'))
    writeFileSync(join(runFolder, String(other.pid)), 'a process of this number from before the last boot')
    holder.kill('SIGKILL')
    await once(holder, 'exit')
    assert.ok(lives(pid))

    assert.deepEqual(endLeftovers(runFolder), [pid])

    await until(() => !lives(pid))
    assert.ok(lives(other.pid ?? 0))
  })
})

async function hold(t: TestContext, file: string, path: string) {
  const runFolder = join(temporary(t), 'run')
  const holder = spawn(process.execPath, ['--conditions=mezz-source', HOLDER, runFolder, file, path])
  const [port] = await once(holder.stdout, 'data')
  const { text } = await get(Number(String(port)), '/default/toy/echo')
  const { pid } = JSON.parse(text)
  t.after(() => {
    holder.kill('SIGKILL')
    if (lives(pid)) process.kill(pid, 'SIGKILL')
  })
  return { holder, runFolder, pid: Number(pid) }
}

function deaf(t: TestContext): string {
  const file = join(temporary(t), 'deaf.mjs')
  writeFileSync(file, DEAF)
  return file
}

/** Nobody may be there to bury it, so a dead process can still have its number. */
function lives(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return false
  }
}
