import * as z from 'zod'
import { askJson } from './ask.ts'
import type { Command } from './command.ts'
import { duration, text, UsageError, words } from './command.ts'
import { findPlatform, PLATFORM_HELP, PLATFORM_OPTIONS } from './find-platform.ts'
import { Hour, usageText } from './usage-text.ts'

const KINDS = ['function', 'job', 'model', 'team']
const Page = z.object({ items: z.array(Hour), next: z.string().optional() })

export const usage: Command = {
  name: 'usage',
  usage: '[--from TIME] [--to TIME] [--by function|job|model|team] [--json]',
  summary: 'shows what was used by the hour: processors, memory, GPUs, requests, events, bytes stored',
  help: `
One line an hour and a name. CORES and GPUS are seconds of one core and of one GPU; MEMORY is the
most that one process or job held; REQUESTS holds the deliveries of events and what was refused;
EVENTS were told; STORED is the last reading of the hour. A function has its jobs in it, and the
team is the sum of its functions; by job (function/program/pipeline) and by model the same is told
from their side. A job counts in the hour in which it ends.

  --from       from the hour of this time on (24 hours ago): 2026-01-31, 2026-01-31T09:00:00Z, or 36h
               for so long ago
  --to         until the hour before this time (now)
  --by         function (unless said), job, model or team
  --json       all lines, as the platform gives them
${PLATFORM_HELP}`,
  options: {
    from: { type: 'string' },
    to: { type: 'string' },
    by: { type: 'string', default: 'function' },
    json: { type: 'boolean' },
    ...PLATFORM_OPTIONS,
  },

  async run({ values, positionals }) {
    words(positionals, { needed: [] })
    const by = text(values['by']) ?? ''
    if (!KINDS.includes(by)) throw new UsageError(`usage is told by ${KINDS.join(', ')}, not by ${by}`)
    const [from, to] = [text(values['from']), text(values['to'])].map((given) => given && time(given))
    const url = await findPlatform(values)
    const hours: Hour[] = []
    for (let after: string | undefined; ; ) {
      const query = new URLSearchParams({ by })
      for (const [name, value] of Object.entries({ from, to, after })) if (value) query.set(name, value)
      const { items, next } = await askJson(new URL(`${url}/_mezz/usage?${query}`), Page)
      hours.push(...items)
      if (next === undefined) break
      after = next
    }
    process.stdout.write(values['json'] ? `${JSON.stringify(hours, null, 2)}\n` : usageText(hours, by))
    return 0
  },
}

/** As the platform reads it; so long ago where it is a duration. */
function time(given: string): string {
  if (/^\d{4}-/.test(given)) return given
  return new Date(Date.now() - duration(given)).toISOString()
}
