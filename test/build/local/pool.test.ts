import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import type { Answer } from './setup.ts'
import { program, setup, temporary, until } from './setup.ts'

const code = ({ text }: Answer): unknown => JSON.parse(text).code
const servedBy = ({ headers }: Answer) => String(headers['x-mezz-process'])

describe('a pool', { timeout: 30_000 }, () => {
  it('answers 50 first requests at once, with as many processes as they need', async (t) => {
    const { get, pool } = await setup(t)

    const answers = await Promise.all(Array.from({ length: 50 }, () => get('/default/toy/echo')))

    assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([200]))
    assert.ok(new Set(answers.map(servedBy)).size <= 3)
    assert.ok(pool.status().processes + pool.status().starting <= 3)
    assert.ok(answers.some(({ headers }) => Number(headers['x-mezz-cold-start']) > 0))
  })

  it('lets every process end when no request comes, and starts again', async (t) => {
    const { get, pool } = await setup(t, program(), { idle: 50 })
    await get('/default/toy/echo')

    await until(() => pool.status().processes === 0)

    assert.equal((await get('/default/toy/echo')).status, 200)
  })

  it('keeps scale.min processes, before the first request and after the last', async (t) => {
    const { get, pool } = await setup(t, program({ scale: { min: 1, concurrency: 1 } }), { idle: 20 })
    pool.start()
    await until(() => pool.status().processes === 1)

    await Promise.all([get('/default/toy/echo'), get('/default/toy/echo')])
    await until(() => pool.status().starting === 0 && pool.status().processes === 1)

    assert.equal((await get('/default/toy/echo')).status, 200)
  })

  it('queues what finds no place, and refuses with Retry-After what finds no place in the queue', async (t) => {
    const of = program({ scale: { max: 1, concurrency: 1 } })
    const { get, pool } = await setup(t, of, { queue: { most: 1, longest: 30_000 } })
    const first = get('/default/toy/hold')
    await until(() => pool.status().processes === 1)
    const second = get('/default/toy/echo')
    await until(() => pool.status().queued === 1)

    const third = await get('/default/toy/echo')

    assert.equal(third.status, 503)
    assert.equal(code(third), 'unavailable')
    assert.equal(third.headers['retry-after'], '1')
    await pool.replace(program({ scale: { max: 1, concurrency: 1 } }))
    assert.equal((await second).status, 200)
    await pool.drain(0)
    assert.equal((await first).status, 503)
  })

  it('refuses a request that waited too long', async (t) => {
    const of = program({ scale: { max: 1, concurrency: 1 } })
    const { get, pool } = await setup(t, of, { queue: { most: 10, longest: 30 } })
    await get('/default/toy/echo').catch(() => {})
    await until(() => pool.status().processes === 1)
    const first = get('/default/toy/hold')
    const second = await get('/default/toy/echo')

    assert.equal(second.status, 503)
    assert.match(second.text, /was free in 30 ms/)
    await pool.drain(0)
    await first
  })

  it('tells why a function does not start, after three tries', async (t) => {
    const file = join(temporary(t), 'broken.js')
    writeFileSync(file, 'throw new Error("no such table")')
    const { get, pool } = await setup(t, program({}, {}, file))

    const answer = await get('/default/toy/echo')

    assert.equal(answer.status, 503)
    assert.equal(code(answer), 'unavailable')
    assert.match(answer.text, /did not start: exited with 1: .*no such table/)
    assert.ok(Number(answer.headers['retry-after']) >= 1)
    await pool.replace(program())
    assert.equal((await get('/default/toy/echo')).status, 200)
  })

  it('tells of a program that never listens', async (t) => {
    const file = join(temporary(t), 'mute.js')
    writeFileSync(file, 'setInterval(() => {}, 1000)')
    const { get } = await setup(t, program({}, {}, file), { startTimeout: 200 })

    const answer = await get('/default/toy/echo')

    assert.equal(answer.status, 503)
    assert.match(answer.text, /did not listen on PORT within 200 ms/)
  })

  it('replaces a program: what is in flight ends in the old one, the next goes to the new one', async (t) => {
    const { get, pool } = await setup(t, program({}, { VERSION: 'old' }))
    const held = get('/default/toy/hold')
    await until(async () => (await get('/default/toy/held')).text === '1')
    const [old] = [servedBy(await get('/default/toy/echo'))]

    await pool.replace(program({}, { VERSION: 'new' }))
    const next = await get('/default/toy/echo')

    assert.equal(JSON.parse(next.text).env.version, 'new')
    assert.equal(pool.status().processes, 2)
    process.kill(Number(old.split('-')[1]), 'SIGKILL')
    assert.equal((await held).status, 503)
    await until(() => pool.status().processes === 1)
  })

  it('keeps the old program when the new one does not start', async (t) => {
    const file = join(temporary(t), 'broken.js')
    writeFileSync(file, 'process.exit(1)')
    const { get, pool } = await setup(t, program({}, { VERSION: 'old' }))
    await get('/default/toy/echo')

    await assert.rejects(pool.replace(program({}, {}, file)), { code: 'unavailable' })

    assert.equal(JSON.parse((await get('/default/toy/echo')).text).env.version, 'old')
  })
})
