import { Hono } from 'hono'
import { defineFunction } from 'mezz/define'
import type { Sql } from 'mezz/ports'
import { answers, body, idempotent, media } from 'mezz/validate'
import * as z from 'zod'

const Thing = z.object({ name: z.string() })
const Made = z.object({ id: z.int(), name: z.string() })

/** Where requests for something `slow` or `lost` wait. */
export interface Gate {
  /** Resolves when one waits. */
  readonly reached: Promise<void>
  /** Lets it end. */
  open(): void
}

let gate = newGate()

/** A new gate, for the requests from now on. */
export function meet(): Gate {
  gate = newGate()
  return gate
}

/** Creates a row with each request: one named `slow` waits before its commit and one named `lost` behind it; so fail `broken` and `torn`. */
export default defineFunction({
  name: 'things',
  summary: 'Creates things',
  uses: ['sql'],
  scope: 'things:write',

  app: ({ sql }) =>
    new Hono()
      .post('/things', body(Thing), idempotent(), answers('Creates a thing', { 201: Made }), async (c) => {
        const made = await make(sql, c.req.valid('json').name)
        return c.json(made, 201, { Location: `/things/${made.id}` })
      })
      .post(
        '/uploads',
        media('text/csv', 'multipart/form-data'),
        idempotent(),
        answers('Creates a thing named by a text or by the field `file` of a form', { 201: Made }),
        async (c) => {
          const isForm = c.req.header('content-type')?.startsWith('multipart/')
          const name = isForm ? (await c.req.formData()).get('file') : await c.req.text()
          return c.json(await make(sql, name instanceof File ? await name.text() : (name ?? '')), 201)
        },
      )
      .post('/unread', idempotent(), answers('Creates a thing, whatever the body is', { 201: Made }), async (c) => {
        return c.json(await make(sql, 'unread'), 201)
      }),
})

async function make(sql: Sql, name: string): Promise<z.output<typeof Made>> {
  const id = await sql.transaction(async ({ query }) => {
    const [row] = await query<{ id: number }>`insert into things (name) values (${name}) returning id`
    if (name === 'broken') throw new Error('it broke')
    if (name === 'slow') await gate.passed()
    return row?.id ?? 0
  })
  if (name === 'torn') throw new Error('it broke behind its commit')
  if (name === 'lost') await gate.passed()
  return { id, name }
}

function newGate(): Gate & { passed(): Promise<void> } {
  const reached = Promise.withResolvers<void>()
  const opened = Promise.withResolvers<void>()
  return {
    reached: reached.promise,
    open: opened.resolve,
    passed() {
      reached.resolve()
      return opened.promise
    },
  }
}
