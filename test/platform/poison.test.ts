import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { after, before, describe, it } from 'node:test'
import * as z from 'zod'
import { ask } from './chain.ts'
import { eventually } from './eventually.ts'
import type { Dev } from './mezz-dev.ts'
import { startDev } from './mezz-dev.ts'

const Flow = z.object({
  steps: z.array(z.object({ state: z.string(), attempts: z.number(), at: z.string(), error: z.string().optional() })),
})
const ERRORS = { throws: /^500 /, hangs: /^(504|no answer) /, exits: /^(50[0-4]|no answer) / }

describe('an event whose handler', () => {
  let data = ''
  let dev: Dev
  before(async () => {
    data = await mkdtemp(join(tmpdir(), 'mezz-poison-'))
    dev = await startDev({ data, folder: resolve('test/platform/poison') })
  })
  after(async () => {
    await dev.stop()
    await rm(data, { recursive: true, force: true })
  })

  async function pour(key: string, does: string): Promise<string> {
    const response = await fetch(`${dev.url}/_mezz/events`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', 'ce-specversion': '1.0', 'ce-type': 'toy.poured.v1' },
      body: JSON.stringify({ key, does }),
    })
    const body = await response.text()
    assert.equal(response.status, 202, body)
    return z.object({ id: z.string() }).parse(JSON.parse(body)).id
  }
  const ended = (id: string) =>
    eventually(`the end of ${id}`, async () => {
      const [step] = (await ask(`${dev.url}/_mezz/flows/${id}`, Flow)).steps
      return (step?.state === 'done' || step?.state === 'dead') && step
    })

  for (const [does, error] of Object.entries(ERRORS)) {
    it(`${does} is dead after two attempts, with its error; its key waits for that, another does not`, async () => {
      const poison = await pour(`${does}-key`, does)
      const behind = await pour(`${does}-key`, 'well')
      const other = await pour(`${does}-other`, 'well')
      const order: string[] = []
      const note = (id: string) =>
        ended(id).then((step) => {
          order.push(id)
          return step
        })

      const [dead, later] = await Promise.all([note(poison), note(behind), note(other)])

      assert.equal(dead.state, 'dead')
      assert.equal(dead.attempts, 2)
      assert.match(dead.error ?? '', error)
      assert.equal(later.state, 'done')
      assert.ok(order.indexOf(poison) <= order.indexOf(behind), 'its key waits')
      if (does === 'hangs') assert.equal(order[0], other, 'another key does not wait')
    })
  }
})
