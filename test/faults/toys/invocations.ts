import { appendFileSync } from 'node:fs'
import type { Context } from 'hono'

/** A handler was reached by an event. */
export interface Invocation {
  readonly route: string
  readonly source: string
  readonly id: string
}

/** Keeps an invocation in a file that outlives the process, and answers with it. */
export function invoked(c: Context, route: string): Invocation {
  const one = { route, source: c.req.header('ce-source') ?? '', id: c.req.header('ce-id') ?? '' }
  appendFileSync(process.env['FAULTS_INVOCATIONS'] ?? '/dev/null', `${JSON.stringify(one)}\n`)
  return one
}
