import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { HTTPException } from 'hono/http-exception'
import { PlatformError, unavailable } from '../../runtime/errors.ts'
import { bare } from './bare.ts'

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736'
const TRACEPARENT = `00-${TRACE}-00f067aa0ba902b7-01`

const { app, ask, log } = bare((routes) =>
  routes
    .get('/things/:id{[0-9]+}', (c) => c.json({ id: c.req.param('id') }))
    .put('/things/:id{[0-9]+}', (c) => c.body(null, 204))
    .get('/files/*', (c) => c.text('a file'))
    .get('/bug', () => {
      throw new Error('the password is 1234', { cause: new TypeError('below') })
    })
    .get('/no-error', () => {
      throw 'a string'
    })
    .get('/away', () => {
      throw unavailable('PostgreSQL', new Error('ECONNREFUSED'))
    })
    .get('/busy', () => {
      throw new PlatformError('too_many_requests', 'later', { retryAfter: 7 })
    })
    .get('/hono/:status', (c) => {
      throw new HTTPException(Number(c.req.param('status')) as 400, { message: 'says Hono' }) // any status is tried
    }),
)

describe('the road of a request', () => {
  it('answers health, readiness, metrics and OpenAPI before it asks who calls', async () => {
    const closed = bare((routes) => routes.get('/', (c) => c.text('in')), { caller: undefined, authenticate: refuses })

    for (const path of ['/health/live', '/health/ready', '/metrics', '/openapi.json']) {
      assert.equal((await closed.ask(path)).status, 200, path)
    }
    assert.equal((await closed.ask('/')).short, '401 unauthenticated')
    assert.equal((await closed.ask('/nowhere')).short, '401 unauthenticated')
  })

  it('refuses a caller without the scope', async () => {
    const reader = { kind: 'user', team: 'default', id: 'r', type: 'user', scopes: ['bare:read'] } as const
    const { ask } = bare((routes) => routes.get('/', (c) => c.text('in')), { caller: reader })

    assert.equal((await ask('/')).short, '403 forbidden /authorization')
  })

  it('answers 404 as a problem document', async () => {
    const { short, headers, body } = await ask('/nowhere', { headers: { traceparent: TRACEPARENT } })

    assert.equal(short, '404 not_found')
    assert.equal(headers.get('content-type'), 'application/problem+json')
    assert.deepEqual(body, {
      type: 'about:blank',
      title: 'Not Found',
      status: 404,
      detail: 'no route GET /nowhere',
      code: 'not_found',
      trace: TRACE,
    })
  })

  for (const [method, path, allow] of [
    ['POST', '/things/1', 'GET, PUT'],
    ['DELETE', '/files/a/b', 'GET'],
    ['POST', '/health/live', 'GET'],
  ] as const) {
    it(`answers 405 to ${method} ${path} and says what it takes`, async () => {
      const { short, headers } = await ask(path, { method })

      assert.equal(short, '405 method_not_allowed')
      assert.equal(headers.get('allow'), allow)
    })
  }

  it("answers 404 where a path does not fit a route's pattern, whatever the method", async () => {
    assert.equal((await ask('/things/x', { method: 'POST' })).short, '404 not_found')
  })

  it('tells nothing of a bug but its trace, under which the log tells all', async () => {
    const { short, body } = await ask('/bug', { headers: { traceparent: TRACEPARENT } })

    assert.equal(short, '500 internal')
    assert.doesNotMatch(JSON.stringify(body), /1234|below|app\.test/)
    const line = log.at(-1)
    assert.deepEqual([line?.level, line?.trace], ['error', TRACE])
    assert.match(line?.error ?? '', /the password is 1234[\s\S]*app\.test\.ts[\s\S]* ← TypeError: below/)
  })

  it('answers and logs what is thrown and is no Error', async () => {
    const { short } = await ask('/no-error')

    assert.equal(short, '500 internal')
    assert.match(log.at(-1)?.error ?? '', / ← a string$/)
  })

  it('says when to ask again', async () => {
    assert.equal((await ask('/busy')).headers.get('retry-after'), '7')
    const away = await ask('/away')
    assert.equal(away.short, '503 unavailable')
    assert.equal(away.headers.get('retry-after'), '1')
    assert.match(log.at(-1)?.error ?? '', /^unavailable: PostgreSQL did not answer ← .*ECONNREFUSED/)
  })

  for (const [status, expected] of [
    [400, '400 invalid_input'],
    [401, '401 unauthenticated'],
    [403, '403 forbidden'],
    [409, '409 conflict'],
    [413, '413 too_large'],
    [418, '400 invalid_input'],
    [500, '500 internal'],
    [503, '503 unavailable'],
  ] as const) {
    it(`translates Hono's own ${status}`, async () => {
      assert.equal((await ask(`/hono/${status}`)).short, expected)
    })
  }

  it('writes one line for each request, none for health', async () => {
    const before = log.length

    await ask('/things/1')
    await ask('/health/live')

    const lines = log.slice(before)
    assert.equal(lines.length, 1)
    const [{ at, ms, trace, ...line } = { at: '', ms: -1, trace: '' }] = lines
    assert.deepEqual(line, {
      level: 'info',
      function: 'bare',
      method: 'GET',
      path: '/things/1',
      status: 200,
      caller: 'user:developer',
    })
    assert.match(at, /^\d{4}-\d\d-\d\dT.*Z$/)
    assert.ok(ms >= 0)
    assert.match(trace, /^[0-9a-f]{32}$/)
  })

  it('counts requests by method and status', async () => {
    const { ask } = bare((routes) => routes.get('/', (c) => c.text('in')))
    await ask('/')
    await ask('/')
    await ask('/none')

    const { body } = await ask('/metrics')

    assert.match(String(body), /mezz_request_seconds_count\{function="bare",method="GET",status="200"\} 2\n/)
    assert.match(
      String(body),
      /mezz_request_seconds_bucket\{function="bare",method="GET",status="404",le="\+Inf"\} 1\n/,
    )
  })

  it('answers 504 with its trace, and logs it, when the time is over', async () => {
    const { ask, log } = bare((routes) => routes.get('/', () => new Promise<Response>(() => {})), { timeout: 0.01 })

    const { short, body } = await ask('/', { headers: { traceparent: TRACEPARENT } })

    assert.equal(short, '504 timeout')
    assert.equal((body as { trace: string }).trace, TRACE)
    assert.deepEqual(
      log.map(({ status }) => status),
      [504],
    )
  })

  it('answers HEAD as GET, without a body', async () => {
    const response = await app.request('/things/1', { method: 'HEAD' })

    assert.equal(response.status, 200)
    assert.equal(await response.text(), '')
  })
})

async function refuses(): Promise<void> {
  throw new PlatformError('unauthenticated', 'who are you?')
}
