import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setTimeout as after } from 'node:timers/promises'
import type { Answer } from '../build/local/setup.ts'
import { program, setup } from '../build/local/setup.ts'

describe('a change under load', { timeout: 60_000 }, () => {
  it('loses none of 100 requests a second, while the program is replaced six times', async (t) => {
    const { get, pool } = await setup(t, program({}, { VERSION: '0' }))
    const answers: Promise<Answer>[] = []
    const load = setInterval(() => answers.push(get('/default/toy/echo', { method: 'POST', body: 'x' })), 10)
    t.after(() => clearInterval(load))

    for (let version = 1; version <= 6; version++) {
      await after(500)
      await pool.replace(program({}, { VERSION: String(version) }))
    }
    await after(500)
    clearInterval(load)

    const got = await Promise.all(answers)
    const lost = got.filter(({ status }) => status !== 200)
    assert.deepEqual(lost, [])
    const versions = new Set(got.map(({ text }) => JSON.parse(text).env.version))
    assert.deepEqual([...versions].sort(), ['0', '1', '2', '3', '4', '5', '6'])
    t.diagnostic(`${got.length} requests, ${pool.status().errors} errors`)
  })
})
