import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { readCatalogue } from '../../build/catalogue.ts'
import { createServing } from '../../build/local/serving.ts'
import { weigh } from '../../build/weigh.ts'
import { get, temporary, until } from '../build/local/setup.ts'
import { toy, write } from '../build/local/toys.ts'

const PATH = process.env['PATH'] ?? ''
const env = { PATH, MEZZ_DEVELOPER: '1' }

describe('a function in its bundle, on our runtime', { timeout: 60_000 }, () => {
  it('answers through the gateway, and not to a foreign page that finds its own port', async (t) => {
    const folder = temporary(t)
    write(folder, { 'functions/hello/function.ts': toy('hello') })
    const serving = await createServing({
      team: 'default',
      folders: [folder],
      data: join(temporary(t), 'local'),
      path: PATH,
      idle: 200,
      grace: 2000,
      env: () => env,
      platform: () => new Response(null, { status: 204 }),
      log: () => {},
    })
    t.after(() => serving.drain(0))
    const port = await serving.listen(0)

    const answers = await Promise.all(Array.from({ length: 50 }, () => get(port, '/default/hello/')))
    const missing = await get(port, '/default/hello/nowhere')
    const lease = await serving.pools.get('hello')?.acquire(t.signal)
    assert.ok(lease)
    const foreign = await get(lease.process.port, '/', { headers: { Origin: 'http://localhost:3000' } })
    const rebound = await get(lease.process.port, '/', { headers: { Host: 'evil.example' } })
    lease.end('answered')

    assert.deepEqual(new Set(answers.map(({ status, text }) => `${status} ${text}`)), new Set(['200 hello']))
    assert.ok(new Set(answers.map(({ headers }) => headers['x-mezz-process'])).size <= 3)
    assert.equal(missing.status, 404)
    assert.equal(JSON.parse(missing.text).code, 'not_found')
    assert.equal(foreign.status, 403)
    assert.equal(rebound.status, 403)
    await until(() => serving.status().every(({ processes, starting }) => processes + starting === 0))
  })

  it('is weighed: what is in it, and how long it takes to start', async (t) => {
    const folder = temporary(t)
    write(folder, { 'functions/hello/function.ts': toy('hello') })
    const { functions } = await readCatalogue([folder], PATH)
    const fn = functions.find(({ name }) => name === 'hello')
    assert.ok(fn)

    const { packages, bytes, startMs } = await weigh(fn, { folder: join(folder, 'dist/hello'), env })

    // The exporter of traces is in each, and loaded by none that does not export.
    assert.deepEqual(
      packages.filter((name) => !name.startsWith('@opentelemetry/')),
      ['@hono/node-server', 'hono', 'jose', 'zod'],
    )
    assert.ok(bytes < 650_000, `${bytes} bytes`)
    assert.ok(startMs > 0)
  })
})
