import { existsSync } from 'node:fs'
import { Hono } from 'hono'
import { defineFunction } from 'mezz/define'
import { event } from 'mezz/validate'
import { poured } from './events.ts'
import { invoked } from './invocations.ts'

/** Fails in each of the ways in which a handler can fail, until it is cured by a file. */
export default defineFunction({
  name: 'poison',
  summary: 'Fails as it is told',
  uses: ['sql'],
  scope: 'poison',
  timeout: 1,
  resources: { cpu: '1', memory: '160Mi' },

  app: ({ sql }) =>
    new Hono().post('/events/poured', event(poured), async (c) => {
      const { route, source, id } = invoked(c, 'poured')
      const { key, n, does, text } = c.req.valid('json')
      if (!existsSync(process.env['FAULTS_CURED'] ?? '')) await fail(does)
      await sql.transaction(
        (tx) => tx.query`
          insert into effects (route, source, id, key, number, sha256)
          values (${route}, ${source}, ${id}, ${key}, ${n}, encode(sha256(convert_to(${text}, 'UTF8')), 'hex'))`,
      )
      return c.body(null, 204)
    }),
})

async function fail(does: string): Promise<void> {
  if (does === 'throws') throw new Error('the handler throws')
  if (does === 'exits') process.exit(3)
  if (does === 'hangs') await new Promise(() => undefined)
  if (does !== 'fills') return
  const held: Buffer[] = []
  for (;;) {
    held.push(Buffer.alloc(16 * 2 ** 20, held.length))
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}
