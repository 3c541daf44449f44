import { Hono } from 'hono'
import { defineFunction } from 'mezz/define'
import { answers, body, idempotent } from 'mezz/validate'
import * as z from 'zod'

const Thing = z.object({ name: z.string() })

const reached = Promise.withResolvers<void>()
const released = Promise.withResolvers<void>()

/** Resolves when a request for something `slow` is in flight. */
export const inFlight: Promise<void> = reached.promise

/** Lets it end. */
export const goOn: () => void = released.resolve

/** Creates a row with each request; one named `slow` waits, one named `broken` fails. */
export default defineFunction({
  name: 'things',
  summary: 'Creates things',
  uses: ['sql'],
  scope: 'things:write',

  app: ({ sql }) =>
    new Hono().post(
      '/things',
      body(Thing),
      idempotent(),
      answers('Creates a thing', { 201: z.object({ id: z.int(), name: z.string() }) }),
      async (c) => {
        const { name } = c.req.valid('json')
        if (name === 'broken') throw new Error('it broke')
        if (name === 'slow') {
          reached.resolve()
          await released.promise
        }
        const [row] = await sql.query<{ id: number }>`insert into things (name) values (${name}) returning id`
        return c.json({ id: row?.id ?? 0, name }, 201, { Location: `/things/${row?.id}` })
      },
    ),
})
