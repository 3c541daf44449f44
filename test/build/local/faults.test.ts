import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { program, setup, until } from './setup.ts'

describe('a function that misbehaves', { timeout: 30_000 }, () => {
  it('gets 504 when it hangs past its timeout, and another process', async (t) => {
    const { get, pool } = await setup(t, program({ timeout: 0.1 }), { grace: 100 })
    const { pid } = JSON.parse((await get('/default/toy/echo')).text)

    const answer = await get('/default/toy/spin')

    assert.equal(answer.status, 504)
    assert.equal(JSON.parse(answer.text).code, 'timeout')
    const after = await get('/default/toy/echo')
    assert.notEqual(JSON.parse(after.text).pid, pid)
    await until(() => pool.status().processes === 1)
  })

  it('gets 503 when its process exits, and is not asked twice', async (t) => {
    const { get, pool } = await setup(t)

    const answer = await get('/default/toy/exit', { method: 'POST', body: 'x' })

    assert.equal(answer.status, 503)
    assert.match(JSON.parse(answer.text).detail, /exited with 3/)
    assert.equal(pool.status().errors, 1)
    assert.equal((await get('/default/toy/echo')).status, 200)
  })

  it('gets 503 when it closes the connection without an answer', async (t) => {
    const { get } = await setup(t)

    const answer = await get('/default/toy/cut')

    assert.equal(answer.status, 503)
    assert.match(JSON.parse(answer.text).detail, /closed the connection/)
  })

  it('is ended when it eats memory outside the heap of V8, and says so', async (t) => {
    const { get } = await setup(t, program({ resources: { cpu: '1', memory: '150Mi' } }))

    const answer = await get('/default/toy/eat')

    assert.equal(answer.status, 503)
    assert.match(JSON.parse(answer.text).detail, /held \d+ MiB, more than its 150 MiB of memory/)
    assert.equal((await get('/default/toy/echo')).status, 200)
  })
})
