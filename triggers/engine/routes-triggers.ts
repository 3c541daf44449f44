import { Hono } from 'hono'
import * as z from 'zod'
import { PlatformError } from '../../runtime/errors.ts'
import type { TriggerStates } from '../../runtime/trigger-states.ts'
import { answers, body, Text } from '../../runtime/validate.ts'
import type { NamedTrigger } from './trigger.ts'

export interface TriggerRoutesOptions {
  readonly states: TriggerStates
  triggers(): readonly NamedTrigger[]
}

const Pause = z.strictObject({ reason: Text.min(1).max(500).optional() })
const State = z.object({ name: z.string(), state: z.enum(['running', 'paused']) })

/** Pause and resume of triggers: what is in flight ends as usual, nothing new begins; it holds over restarts. */
export function triggerRoutes({ states, triggers }: TriggerRoutesOptions): Hono {
  function demand(name: string): string {
    const names = triggers().map((one) => one.name)
    if (names.includes(name)) return name
    throw new PlatformError('not_found', `no trigger ${name}; there are ${names.join(', ') || 'none'}`)
  }

  return new Hono()
    .post('/:name/pause', body(Pause), answers('Stops deliveries', { 200: State }), async (c) => {
      const name = demand(c.req.param('name'))
      await states.set(name, 'paused', c.req.valid('json').reason ?? 'paused by hand')
      return c.json({ name, state: 'paused' })
    })
    .post('/:name/resume', answers('Goes on with deliveries', { 200: State }), async (c) => {
      const name = demand(c.req.param('name'))
      await states.set(name, 'running', null)
      return c.json({ name, state: 'running' })
    })
}
