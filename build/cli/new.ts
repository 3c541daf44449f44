import type { Command } from './command.ts'
import { UsageError, words } from './command.ts'

export const create: Command = {
  name: 'new',
  usage: 'function <name> | trigger <event> <function>',
  summary: 'makes a working function with its test, or a trigger',
  help: `
mezz new function <name>             functions/<name>/function.ts, which works, and its test
mezz new trigger <event> <function>  triggers/<event>-to-<function>.ts, which brings the function each
                                     event of that type: one of ours (dataset.ingested) or one that
                                     this folder exports by defineEvent

Both are made in this folder; a running mezz dev serves them at once. Nothing is overwritten.`,
  options: {},

  async run({ positionals }) {
    const [kind, ...rest] = positionals
    if (kind === 'function') {
      words(rest, { needed: ['name'] })
      const [name = ''] = rest
      process.stdout.write((await import('./new-function.ts')).newFunction(process.cwd(), name))
      return 0
    }
    if (kind === 'trigger') {
      words(rest, { needed: ['event', 'function'] })
      const [event = '', to = ''] = rest
      const { newTrigger } = await import('./new-trigger.ts')
      process.stdout.write(await newTrigger(process.cwd(), { event, to }))
      return 0
    }
    throw new UsageError(kind === undefined ? 'say what: function or trigger' : `it makes no ${kind}`)
  },
}
