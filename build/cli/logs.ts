import { setTimeout as after } from 'node:timers/promises'
import * as z from 'zod'
import { askJson } from './ask.ts'
import type { Command } from './command.ts'
import { text, whole, words } from './command.ts'
import { findPlatform, PLATFORM_HELP, PLATFORM_OPTIONS } from './find-platform.ts'
import { showLine } from './show-line.ts'

const PAGE = 1000
const LOOK_MS = 500
const Page = z.object({
  items: z.array(z.object({ n: z.number(), at: z.string(), function: z.string(), line: z.string() })),
  next: z.string(),
})

export const logs: Command = {
  name: 'logs',
  usage: '[function] [-f] [--after N]',
  summary: 'prints what functions have logged',
  help: `
Prints the lines of all functions, or of one (mezz: the platform itself), since the platform's start;
the oldest go when there are many. All of them lie in logs/functions.jsonl of the data folder.

  -f, --follow goes on as lines come, until Ctrl-C
  --after      leaves out the first N lines
${PLATFORM_HELP}`,
  options: { follow: { type: 'boolean', short: 'f' }, after: { type: 'string', default: '0' }, ...PLATFORM_OPTIONS },

  async run({ values, positionals }) {
    words(positionals, { needed: [], more: 1 })
    const [name] = positionals
    let next = whole(text(values['after']) ?? '0', 0)
    const url = await findPlatform(values)
    for (;;) {
      const query = new URLSearchParams({
        after: String(next),
        limit: String(PAGE),
        ...(name ? { function: name } : {}),
      })
      const page = await askJson(new URL(`${url}/_mezz/logs?${query}`), Page)
      for (const line of page.items) process.stdout.write(showLine(line))
      next = Number(page.next)
      if (page.items.length === PAGE) continue
      if (!values['follow']) return 0
      await after(LOOK_MS)
    }
  },
}
