import assert from 'node:assert/strict'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { describe, it } from 'node:test'
import type { LogLine } from '../../../build/local/process.ts'
import { createServing } from '../../../build/local/serving.ts'
import { get, temporary, until } from './setup.ts'
import { command, toy, toyEntry, write } from './toys.ts'

async function setup(t: TestContext, files: Record<string, string>) {
  const folder = temporary(t)
  write(folder, files)
  const lines: LogLine[] = []
  const prepared: string[] = []
  const serving = await createServing({
    team: 'default',
    folders: [folder],
    data: join(temporary(t), 'local'),
    path: process.env['PATH'] ?? '',
    idle: 60_000,
    grace: 500,
    entry: toyEntry,
    env: () => ({ PATH: process.env['PATH'] ?? '' }),
    prepare: async ({ name }) => void prepared.push(name),
    platform: () => new Response(null, { status: 204 }),
    log: (line) => void lines.push(line),
  })
  const port = await serving.listen(0)
  t.after(() => serving.drain(0))
  return { serving, folder, lines, prepared, ask: (path: string) => get(port, path) }
}

describe('serving', { timeout: 60_000 }, () => {
  it('bundles functions, starts commands, and answers by them', async (t) => {
    const { ask, serving, folder } = await setup(t, { 'functions/hello/function.ts': toy('hello') })
    command('program', folder)
    await serving.reload({ functions: [], all: false })

    assert.equal((await ask('/default/hello/')).text, 'hello')
    assert.equal(JSON.parse((await ask('/default/program/echo')).text).env.service, 'program')
    assert.deepEqual(
      serving
        .status()
        .map(({ name }) => name)
        .filter((name) => /^(hello|program)$/.test(name)),
      ['hello', 'program'],
    )
  })

  it('lets a changed file go live by itself, and leaves the function alone when nothing changed in it', async (t) => {
    const { ask, serving, folder, prepared } = await setup(t, { 'functions/hello/function.ts': toy('hello') })
    serving.watch()
    const first = await ask('/default/hello/')

    write(folder, { 'functions/hello/function.ts': toy('hello', { greeting: 'changed' }) })
    await until(async () => (await ask('/default/hello/')).text === 'changed')
    const second = await ask('/default/hello/')
    await serving.reload({ functions: [join(folder, 'functions/hello')], all: true })

    assert.notEqual(first.headers['x-mezz-process'], second.headers['x-mezz-process'])
    assert.equal((await ask('/default/hello/')).headers['x-mezz-process'], second.headers['x-mezz-process'])
    assert.equal(prepared.filter((name) => name === 'hello').length, 2)
  })

  it('goes on as it was while a file does not parse, and says where', async (t) => {
    const { ask, serving, folder, lines } = await setup(t, { 'functions/hello/function.ts': toy('hello') })
    const file = join(folder, 'functions/hello/function.ts')
    const change = { functions: [join(folder, 'functions/hello')], all: false }
    write(folder, { 'functions/hello/function.ts': toy('hello').replace('uses', 'uses ;') })

    await serving.reload(change)

    assert.equal((await ask('/default/hello/')).text, 'hello')
    assert.ok(
      lines.some(({ line }) => line.includes(`hello/function.ts:8: Expected`)),
      JSON.stringify(lines),
    )
    assert.ok(serving.catalogue().functions.some((fn) => fn.file === file))
    write(folder, { 'functions/hello/function.ts': toy('hello', { greeting: 'mended' }) })
    await serving.reload(change)
    assert.equal((await ask('/default/hello/')).text, 'mended')
  })

  it('takes in a function that comes while it runs, and lets one go', async (t) => {
    const { ask, serving, folder } = await setup(t, {})
    serving.watch()
    assert.equal((await ask('/default/late/')).status, 404)

    write(folder, { 'functions/late/function.ts': toy('late') })
    await until(async () => (await ask('/default/late/')).status === 200)
    rmSync(join(folder, 'functions/late'), { recursive: true })

    await until(async () => (await ask('/default/late/')).status === 404)
  })

  it('lets a change of a file that functions share go live in them', async (t) => {
    const text = toy('hello').replace(`c.text('hello')`, 'c.text(shared)')
    const { ask, serving, folder } = await setup(t, {
      'functions/hello/function.ts': `import { shared } from '../shared/text.ts'\n${text}`,
      'functions/shared/text.ts': `export const shared = 'one'`,
    })
    serving.watch()
    assert.equal((await ask('/default/hello/')).text, 'one')

    write(folder, { 'functions/shared/text.ts': `export const shared = 'two'` })

    await until(async () => (await ask('/default/hello/')).text === 'two')
  })

  it('does not start on a folder with faults', async (t) => {
    await assert.rejects(setup(t, { 'functions/a/function.ts': toy('a', { more: 'timeout: 601,' }) }), {
      code: 'unprocessable',
      message: /a\/function\.ts:9: timeout/,
    })
  })
})
