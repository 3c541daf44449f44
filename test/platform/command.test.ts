import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import * as z from 'zod'
import { ask } from './chain.ts'
import { eventually } from './eventually.ts'
import type { Dev } from './mezz-dev.ts'
import { startDev } from './mezz-dev.ts'

const hasPython = spawnSync('python3', ['--version']).status === 0
const NAMES = ['plain', ...(hasPython ? ['snake'] : [])]

const Said = z.object({
  by: z.string(),
  pid: z.number(),
  last: z.object({ id: z.string(), type: z.string(), data: z.object({ word: z.string() }) }).nullable(),
})
const Status = z.object({ functions: z.array(z.object({ name: z.string(), processes: z.number() })) })

describe(`a program without our runtime (${hasPython ? 'Node and Python' : 'Node; there is no python3 here'})`, () => {
  const root = mkdtempSync(join(tmpdir(), 'mezz-command-'))
  let dev: Dev
  before(async () => {
    cpSync('test/platform/commands', root, { recursive: true })
    if (!hasPython) {
      rmSync(join(root, 'functions/snake'), { recursive: true })
      rmSync(join(root, 'triggers/test-said-to-snake.ts'))
    }
    dev = await startDev({ data: join(root, '.mezz'), folder: root, idle: '1s' })
  })
  after(async () => {
    await dev.stop()
    rmSync(root, { recursive: true })
  })

  for (const name of NAMES) {
    it(`is called, triggered and scaled to zero: ${name}`, async () => {
      const first = await ask(`${dev.url}/default/${name}/`, Said)

      const sent = await fetch(`${dev.url}/_mezz/events`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/cloudevents+json' },
        body: JSON.stringify({ specversion: '1.0', type: 'test.said.v1', data: { word: `hello ${name} 你好` } }),
      })
      assert.equal(sent.status, 202)
      const { id } = z.object({ id: z.string() }).parse(await sent.json())
      const { last } = await eventually('the delivery', async () => {
        const now = await ask(`${dev.url}/default/${name}/`, Said)
        return now.last?.id === id && now
      })
      assert.deepEqual(last, { id, type: 'test.said.v1', data: { word: `hello ${name} 你好` } })

      await eventually('no process', async () => {
        const { functions } = await ask(`${dev.url}/_mezz/status`, Status)
        return functions.find((one) => one.name === name)?.processes === 0
      })
      assert.throws(() => process.kill(first.pid, 0))
    })
  }
})
