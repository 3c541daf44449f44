import assert from 'node:assert/strict'
import { relative } from 'node:path'
import { describe, it } from 'node:test'
import { insist, readCatalogue } from '../../build/catalogue.ts'
import { temporary } from './local/setup.ts'
import { command, toy, write } from './local/toys.ts'

const PATH = process.env['PATH'] ?? ''

function trigger({ to = 'hello', path = '/events/x', type = 'shop.sold.v1', more = '' } = {}): string {
  return `import { defineTrigger } from 'mezz/define'
import { sold } from './events.ts'
export default defineTrigger({
  on: { ...sold, type: '${type}' },
  deliver: {
    to: '${to}',
    path: '${path}',
  },
  ${more}
})
`
}

const EVENTS = `import { defineEvent } from 'mezz/event'
import * as z from 'zod'
export const sold = defineEvent({ type: 'shop.sold.v1', topic: 'shop', data: z.object({}), key: () => 'k' })
`

describe('the catalogue', { timeout: 30_000 }, () => {
  it('finds functions, commands and triggers of a folder beside our own', async (t) => {
    const folder = temporary(t)
    write(folder, {
      'functions/hello/function.ts': toy('hello'),
      'triggers/events.ts': EVENTS,
      'triggers/shop-sold-to-hello.ts': trigger(),
    })
    command('program', folder)

    const catalogue = insist(await readCatalogue([folder], PATH))

    const theirs = catalogue.functions.filter(({ ours }) => !ours)
    assert.deepEqual(
      theirs.map(({ name }) => name),
      ['hello', 'program'],
    )
    const [found] = catalogue.triggers.filter(({ ours }) => !ours)
    assert.equal(found?.name, 'shop-sold-to-hello')
    assert.partialDeepStrictEqual(found?.definition.on, { topic: 'shop' })
  })

  for (const name of ['mezz', 'engine', 'public']) {
    it(`refuses a function named ${name}, which is the platform's own schema or role`, async (t) => {
      const folder = temporary(t)
      write(folder, { 'functions/mine/function.ts': toy(name) })

      const { faults, functions } = await readCatalogue([folder], PATH)

      assert.match(faults.map(({ reason }) => reason).join('\n'), new RegExp(`${name} is .*the platform`))
      assert.ok(!functions.some((fn) => fn.name === name))
    })
  }

  it('tells all that is wrong in one message, with file and line', async (t) => {
    const folder = temporary(t)
    write(folder, {
      'functions/hello/function.ts': toy('hello', { more: `emits: [{ type: 'shop.own.v1', topic: 'shop' }],` }),
      'functions/first/function.ts': toy('twin'),
      'functions/second/function.ts': toy('twin'),
      'functions/port/function.ts': toy('port').replace('uses: []', `uses: ['disk']`),
      'functions/name/function.ts': toy('Bad_Name'),
      'functions/bare/function.ts': toy('bare').replace(/summary.*\n.*scope.*/, ''),
      'functions/eager/function.ts': toy('eager').replace('app: () =>', 'app: ({ sql }) => sql.query && '),
      'functions/syntax/function.ts': toy('syntax').replace('uses', 'uses ;'),
      'functions/thrower/function.ts': toy('thrower').replace('export', '\nnull.length\nexport'),
      'functions/exiting/function.ts': `process.exit(7)`,
      'functions/absent/function.ts': `export default { name: 'absent', summary: 's', scope: 's', command: ['no-such-program'] }`,
      'functions/nothing/function.ts': `export const fn = 1`,
      'triggers/events.ts': EVENTS,
      'triggers/shop-sold-to-nobody.ts': trigger({ to: 'nobody' }),
      'triggers/shop-gone-to-hello.ts': trigger({ type: 'shop.gone.v1', path: '/nowhere' }),
      'triggers/shop-own-to-hello.ts': trigger({ type: 'shop.own.v1' }),
      'triggers/misnamed.ts': trigger(),
    })

    const catalogue = await readCatalogue([folder], PATH)

    const place = (path: string) => relative(process.cwd(), `${folder}/${path}`)
    const lines = catalogue.faults.map(({ pointer, reason }) => `${pointer}: ${reason}`)
    for (const [path, reason] of [
      ['functions/first/function.ts:5', /twin is also the name of .*second/],
      ['functions/second/function.ts:5', /twin is also the name of .*first/],
      ['functions/port/function.ts:8', /no port disk: there are objects, sql/],
      ['functions/name/function.ts:5', /DNS label/],
      ['functions/bare/function.ts:1', /summary is missing/],
      ['functions/bare/function.ts:1', /scope is missing/],
      ['functions/eager/function.ts:10', /sql.query is touched/],
      ['functions/syntax/function.ts:8', /Expected/],
      ['functions/thrower/function.ts:5', /TypeError/],
      ['functions/exiting/function.ts', /ends its process with 7 while it loads/],
      ['functions/absent/function.ts:1', /no-such-program is not found/],
      ['functions/nothing/function.ts:1', /has no default export/],
      ['triggers/shop-sold-to-nobody.ts:6', /no function nobody/],
      ['triggers/shop-gone-to-hello.ts:7', /no route POST \/nowhere/],
      ['triggers/shop-own-to-hello.ts:4', /emits shop.own.v1 itself/],
      ['triggers/misnamed.ts:1', /must be named shop-sold-to-hello/],
    ] as const) {
      assert.ok(
        lines.some((line) => line.startsWith(place(path)) && reason.test(line)),
        `${place(path)}: ${reason} is not in\n${lines.join('\n')}`,
      )
    }
    assert.equal(catalogue.faults.length, 16)
    assert.deepEqual(
      catalogue.functions.filter(({ ours }) => !ours).map(({ name }) => name),
      ['hello'],
    )
    assert.throws(() => insist(catalogue), { code: 'unprocessable', message: lines.join('\n') })
  })

  it('reads what is there now, also in a file that the function imports', async (t) => {
    const folder = temporary(t)
    const text = toy('hello')
      .replace(`'greets'`, 'summary')
      .replace('import', `import { summary } from './summary.ts'\nimport`)
    write(folder, { 'functions/hello/function.ts': text, 'functions/hello/summary.ts': `export const summary = 'one'` })
    const summary = async () =>
      (await readCatalogue([folder], PATH)).functions.find(({ name }) => name === 'hello')?.definition.summary
    assert.equal(await summary(), 'one')

    write(folder, { 'functions/hello/summary.ts': `export const summary = 'two'` })

    assert.equal(await summary(), 'two')
  })
})
