import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { COMMANDS } from '../../build/cli/commands.ts'
import { until } from '../../build/local/until.ts'
import { userFolder } from './mezz.ts'

const TSC = fileURLToPath(new URL('../../node_modules/.bin/tsc', import.meta.url))
const STRICT = fileURLToPath(new URL('../../tsconfig.json', import.meta.url))
const EVENTS = `import { defineEvent } from 'mezz/event'
import * as z from 'zod'

export const orderPlaced = defineEvent({
  type: 'acme.order.placed.v1',
  topic: 'orders',
  data: z.object({ order: z.string() }),
  key: ({ order }) => order,
})
`

describe('the mezz command in a repository of its own', () => {
  const { folder, mezz, start, dev, remove } = userFolder()
  const file = (path: string) => join(folder, path)
  const change = (path: string, from: string, to: string) =>
    writeFileSync(file(path), readFileSync(file(path), 'utf8').replace(from, to))
  let platform: Awaited<ReturnType<typeof dev>>
  before(async () => {
    assert.equal((await mezz('new', 'function', 'hello')).code, 0)
    platform = await dev()
  })
  after(async () => {
    const { code } = await platform.stop()
    remove()
    assert.equal(code, 0)
  })
  const greet = () => mezz('invoke', 'hello', '-d', '{"name": "Ada"}')

  it('makes a function that answers, with a test that passes', async () => {
    const { code, out, error } = await greet()
    const tested = spawnSync(
      process.execPath,
      ['--conditions=mezz-source', '--test', 'functions/hello/function.test.ts'],
      {
        cwd: folder,
        encoding: 'utf8',
        env: { ...process.env, NODE_TEST_CONTEXT: undefined },
      },
    )

    assert.deepEqual({ code, out }, { code: 0, out: '{"greeting":"Hello, Ada"}' })
    assert.match(error, /^200 OK, \d+ ms, by hello-\d+ \(cold start \d+ ms\)\n$/)
    assert.equal(tested.status, 0, tested.stdout)
    assert.match(tested.stdout, /pass 2/)
  })

  it('makes it live again when it is edited', async () => {
    change('functions/hello/function.ts', 'Hello, ', 'Good day, ')

    assert.ok(await until(10_000, async () => (await greet()).out === '{"greeting":"Good day, Ada"}'))
  })

  it('makes a trigger, names the route that the function lacks, and delivers once it is there', async () => {
    mkdirSync(file('triggers'))
    writeFileSync(file('triggers/events.ts'), EVENTS)

    const made = await mezz('new', 'trigger', 'order.placed', 'hello')
    assert.equal(made.code, 1)
    assert.match(made.error, /there is no event order\.placed; did you mean acme\.order\.placed\.v1\?/)
    const { code, out } = await mezz('new', 'trigger', 'acme.order.placed', 'hello')
    assert.equal(code, 0)
    const [, imports = '', route = ''] = /Add:\n\n([\s\S]+?)\n\n([\s\S]+)$/.exec(out) ?? []
    const fn = 'functions/hello/function.ts'
    change(
      fn,
      "import { answers, body } from 'mezz/validate'",
      `import { answers, body } from 'mezz/validate'\n${imports}`,
    )
    change(fn, '    }),\n})', `    })\n${route.replace('const data = ', '')},\n})`)
    assert.ok(await until(10_000, async () => (await mezz('list')).out.includes('acme-order-placed-to-hello')))

    const sent = await mezz('send', 'acme.order.placed.v1', '-d', '{"order": "17"}')
    const id = sent.out.trim()
    const watched = await mezz('flows', id, '--watch')

    assert.match(sent.error, new RegExp(`mezz flows ${id} --watch`))
    assert.equal(watched.code, 0, watched.error)
    assert.match(watched.out, /✓ done {2}hello {2}acme\.order\.placed\.v1 {2}17 /)
    assert.match((await mezz('flows')).out, new RegExp(`${id} .* done +developer ✓ +hello ✓\\n`))
  })

  it('has made what a strict compiler takes', () => {
    writeFileSync(file('tsconfig.json'), JSON.stringify({ extends: STRICT, include: ['functions', 'triggers'] }))

    const { status, stdout } = spawnSync(TSC, ['--noEmit'], { cwd: folder, encoding: 'utf8' })

    assert.equal(stdout, '')
    assert.equal(status, 0)
  })

  it('makes nothing of a bad name, and overwrites nothing', async () => {
    for (const [name, code, why] of [
      ['Hello', 2, /no function's name/],
      ['../up', 2, /no function's name/],
      ['hello', 1, /is there already: nothing was changed/],
      ['ingest', 1, /mezz brings/],
    ] as const) {
      const ran = await mezz('new', 'function', name)
      assert.equal(ran.code, code, name)
      assert.match(ran.error, why)
    }
    assert.equal((await mezz('new', 'trigger', 'dataset.ingested', 'helo')).code, 1)
    assert.equal((await mezz('new', 'thing')).code, 2)
  })

  it('says what is wrong with a request, by exit code, on stderr, and with the body on stdout', async () => {
    const { code, out, error } = await mezz('invoke', 'hello', '-d', '{"nam": "Ada"}')

    assert.equal(code, 1)
    assert.equal(JSON.parse(out).code, 'invalid_input')
    assert.match(error, /^400 Bad Request.*\nthe body is not what this route takes\n {2}\/name: /)
    assert.equal((await mezz('invoke', 'nobody')).code, 1)
    assert.equal((await mezz('invoke')).code, 2)
  })

  it('streams a body from standard input', async () => {
    const { child, ended } = start('invoke', 'hello', '-d', '@-', '-H', 'Content-Type: application/json')
    child.stdin.end('{"name": "Grace"}')

    assert.equal((await ended).out, '{"greeting":"Good day, Grace"}')
  })

  it('says what is wrong with an event', async () => {
    const { code, error } = await mezz('send', 'acme.order.placed.v1', '-d', '{"ordr": 1}')

    assert.equal(code, 1)
    assert.match(error, /^mezz send: the data is not that of acme\.order\.placed\.v1\n {2}\/order: /)
    assert.match((await mezz('send', 'acme.order.lost.v1', '-d', '{}')).error, /known are: acme\.order\.placed\.v1/)
    assert.equal((await mezz('send', 'acme.order.placed.v1', '-d', '{')).code, 2)
  })

  it('lists functions and triggers', async () => {
    const { out } = await mezz('list')

    assert.match(out, /^hello +1 .* yours$/m)
    assert.match(out, /^convert .* objects sql models +mezz$/m)
    assert.match(out, /^acme-order-placed-to-hello +acme\.order\.placed\.v1 +hello +0 +0 +0 +0 +running$/m)
  })

  it('prints the log lines of a function', async () => {
    const { out } = await mezz('logs', 'hello')

    assert.match(out, /^\d\d:\d\d:\d\d hello POST \/ 200 \d+ ms$/m)
    assert.match((await mezz('logs', '--after', '1000000')).out, /^$/)
  })

  it('goes on with the log as lines come', async () => {
    const { child, said, ended } = start('logs', 'hello', '-f', '--after', '0')
    child.stdin.end()
    const mark = '/not-there-yet'
    assert.ok(await until(10_000, async () => said.out.includes('hello POST /')))
    await mezz('invoke', 'hello', mark)

    assert.ok(await until(10_000, async () => said.out.includes(`GET ${mark} 404`)))
    child.kill('SIGTERM')
    await ended
  })

  it('prints the OpenAPI document of a function, and of all below their addresses', async () => {
    const one = JSON.parse((await mezz('openapi', 'hello')).out)
    const all = JSON.parse((await mezz('openapi')).out)

    assert.ok(one.paths['/'].post)
    assert.ok(all.paths['/default/hello/'].post)
    assert.ok(all.paths['/default/convert/conversions'].post)
    assert.ok(all.paths['/_mezz/flows'].get)
  })

  it('bundles a function and says what is in it', async () => {
    const { code, out } = await mezz('bundle', 'hello')

    assert.equal(code, 0)
    assert.match(
      out,
      /^hello +\d+ KiB +\d+ KiB +\d+ ms +@hono\/node-server( @opentelemetry\/\S+)+ hono jose zod +dist\/hello\/$/m,
    )
    assert.ok(existsSync(file('dist/hello/index.mjs')))
    assert.match((await mezz('bundle', 'nobody')).error, /there is no function nobody/)
  })

  it('explains each command', async () => {
    const { out } = await mezz()
    const names = [...out.matchAll(/^ {2}([\w-]+) {2,}/gm)].map(([, name = '']) => name)
    assert.deepEqual(names, Object.keys(COMMANDS))
    for (const name of names) {
      const help = await mezz(name, '--help')
      assert.equal(help.code, 0)
      assert.match(help.out, new RegExp(`^mezz ${name} .+\n\n`))
      assert.ok(
        help.out.split('\n').every((line) => line.length <= 105),
        name,
      )
    }
  })

  it('says so when no platform answers', async () => {
    for (const command of [['list'], ['invoke', 'hello'], ['send', 'a', '-d', '1'], ['flows'], ['logs'], ['openapi']]) {
      const { code, out, error } = await mezz(...command, '--url', 'http://127.0.0.1:1')
      assert.deepEqual({ code, out }, { code: 1, out: '' })
      assert.equal(error, `mezz ${command[0]}: no platform answers at http://127.0.0.1:1; start one by mezz dev\n`)
    }
  })
})
