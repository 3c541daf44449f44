import * as z from 'zod'
import { askJson } from './ask.ts'
import type { Command } from './command.ts'
import { text, UsageError, words } from './command.ts'
import { findPlatform, PLATFORM_HELP, PLATFORM_OPTIONS } from './find-platform.ts'
import { Status, triggerTable } from './list.ts'

const State = z.object({ name: z.string(), state: z.string() })

export const triggers: Command = {
  name: 'triggers',
  usage: '[pause|resume NAME] [--reason TEXT]',
  summary: 'how far each trigger is, and what holds it; pauses and resumes one',
  help: `
Without a verb one line a trigger: events that it has not passed yet (lag) and the age of the oldest,
deliveries in flight, events that wait for another attempt (parked), dead letters, its state and why.

  pause NAME    what is in flight ends, nothing new begins, also after a restart; --reason says why
  resume NAME   goes on, also where it has stopped by itself
${PLATFORM_HELP}`,
  options: { reason: { type: 'string' }, ...PLATFORM_OPTIONS },

  async run({ values, positionals }) {
    words(positionals, { needed: [], more: 2 })
    const [verb, name] = positionals
    const url = await findPlatform(values)
    if (verb === undefined) {
      const { triggers } = await askJson(new URL(`${url}/_mezz/status`), Status)
      process.stdout.write(triggerTable(triggers) || 'no triggers\n')
      return 0
    }
    if (verb !== 'pause' && verb !== 'resume') throw new UsageError(`${verb} is neither pause nor resume`)
    if (name === undefined) throw new UsageError(`${verb} which? mezz triggers shows their names`)
    const reason = text(values['reason'])
    const { state } = await askJson(new URL(`${url}/_mezz/triggers/${encodeURIComponent(name)}/${verb}`), State, {
      method: 'POST',
      ...(reason && verb === 'pause'
        ? { headers: { 'content-type': 'application/json' }, body: JSON.stringify({ reason }) }
        : {}),
    })
    process.stdout.write(`${name} ${state === 'paused' ? 'is paused' : 'goes on'}\n`)
    return 0
  },
}
