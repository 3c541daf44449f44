import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { it } from 'node:test'
import { processUsage } from '../../../build/local/process-usage.ts'

const BURN = `
const end = process.cpuUsage().user + 200_000
while (process.cpuUsage().user < end);
const held = Buffer.alloc(64 * 2 ** 20, 1)
console.log(held.length)
process.stdin.resume()
`
const PARENT = `
const { spawn } = require('node:child_process')
spawn(process.execPath, ['-e', ${JSON.stringify(BURN)}], { stdio: 'inherit' })
process.stdin.resume()
`

it('what a process has used holds what came from it', async (t) => {
  const parent = spawn(process.execPath, ['-e', PARENT], { stdio: ['pipe', 'pipe', 'inherit'], detached: true })
  const pid = parent.pid ?? assert.fail('it did not start')
  t.after(() => process.kill(-pid, 'SIGKILL'))
  await once(parent.stdout, 'data')

  const used = processUsage(pid) ?? assert.fail('it runs')

  assert.ok(used.coreSeconds >= 0.2, `${used.coreSeconds} s`)
  assert.ok(used.peakMemoryBytes >= 64 * 2 ** 20, `${used.peakMemoryBytes} bytes`)
})

it('a process that is gone has used nothing that could be read', async () => {
  const child = spawn(process.execPath, ['-e', ''])
  await once(child, 'exit')

  assert.equal(processUsage(child.pid ?? 0), null)
})
