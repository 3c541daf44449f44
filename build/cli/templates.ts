/** A small working function: `functions/<name>/function.ts`. */
export function functionText(name: string): string {
  return `import { Hono } from 'hono'
import { defineFunction } from 'mezz/define'
import { answers, body } from 'mezz/validate'
import * as z from 'zod'

const Guest = z.object({ name: z.string().min(1) })
const Greeting = z.object({ greeting: z.string() })

export default defineFunction({
  name: '${name}',
  summary: 'Greets a guest by name',
  // The ports it may touch: objects, sql, tables, models. They come as the argument of app.
  uses: [],
  scope: '${name}',

  app: () =>
    new Hono().post('/', body(Guest), answers('Greets a guest', { 200: Greeting }), (c) => {
      const guest = c.req.valid('json')
      return c.json({ greeting: \`Hello, \${guest.name}\` })
    }),
})
`
}

/** Its test: `functions/<name>/function.test.ts`. */
export function testText(name: string): string {
  return `import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { FunctionTest } from 'mezz/test'
import { setup } from 'mezz/test'
import fn from './function.ts'

describe('${name}', () => {
  let test: FunctionTest
  before(async () => {
    test = await setup(fn)
  })
  after(() => test.close())

  it('greets a guest by name', async () => {
    const answer = await test.send('POST', '/', { name: 'Ada' })

    assert.equal(answer.status, 200)
    assert.deepEqual(await answer.json(), { greeting: 'Hello, Ada' })
  })

  it('refuses a guest without a name', async () => {
    const answer = await test.send('POST', '/', {})

    assert.equal(answer.status, 400)
  })
})
`
}

/** An event type: the name of its export, and from where a trigger imports it. */
export interface NamedEvent {
  readonly type: string
  readonly variable: string
  readonly from: string
}

/** One delivery: `triggers/<event>-to-<function>.ts`. */
export function triggerText(
  { variable, from }: NamedEvent,
  deliver: { readonly to: string; readonly path: string },
): string {
  return `import { defineTrigger } from 'mezz/define'
import { ${variable} } from ${quoted(from)}

export default defineTrigger({
  on: ${variable},
  deliver: { to: '${deliver.to}', path: '${deliver.path}' },
  order: 'key',
})
`
}

/** What a function needs to take the event. */
export function routeText({ variable, from }: NamedEvent, path: string): string {
  const file = from.startsWith('./') ? `../../triggers/${from.slice(2)}` : from.replace(/^\.\.\/functions/, '..')
  return `  import { ${variable} } from ${quoted(file)}
  import { event } from 'mezz/validate'

  .post('${path}', event(${variable}), async (c) => {
    const data = c.req.valid('json')
    return c.body(null, 204)
  })
`
}

/** `mezz.dataset.ingested.v1` → `dataset-ingested`. */
export function dashed(type: string): string {
  return type
    .replace(/^mezz\./, '')
    .replace(/\.v\d+$/, '')
    .replaceAll('.', '-')
}

function quoted(text: string): string {
  return `'${text}'`
}
