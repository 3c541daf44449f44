import { resolve } from 'node:path'
import type { Command } from './command.ts'
import { duration, text, UsageError, words } from './command.ts'

export const token: Command = {
  name: 'token',
  usage: '[--user developer] [--scope "a b"] [--expires 1h] [--data .mezz]',
  summary: "makes a token of this laptop's own issuer",
  help: `
Prints a token, and nothing else, that the mezz dev of the same data folder trusts: for its team, signed
by a key that lies in the data folder. Where issuers are set up (MEZZ_ISSUERS) a call without a token is
refused, from this machine too.

  export MEZZ_TOKEN=$(mezz token --user ada)       every mezz command shows it from now on
  curl -H "Authorization: Bearer $MEZZ_TOKEN" http://127.0.0.1:8080/_mezz/status

  --user      whom it speaks for; events and flow runs name them (developer)
  --scope     what it may, with spaces between: "datasets:write models:predict"; without it, all
  --expires   how long it is good (1h): 30s, 15m, 12h
  --audience  another audience than this platform, which then refuses it
  --data      a data folder of mezz dev (.mezz)`,
  options: {
    user: { type: 'string', default: 'developer' },
    scope: { type: 'string' },
    expires: { type: 'string', default: '1h' },
    audience: { type: 'string' },
    data: { type: 'string', default: '.mezz' },
  },

  async run({ values, positionals }) {
    words(positionals, { needed: [] })
    const user = text(values['user']) ?? ''
    if (user === '') throw new UsageError('--user is empty')
    const seconds = Math.floor(duration(text(values['expires']) ?? '') / 1000)
    if (seconds < 1) throw new UsageError('--expires is less than a second')
    const [{ madeLaptopKey }, { laptopToken }] = await Promise.all([
      import('../local/engine-key.ts'),
      import('../../runtime/laptop-issuer.ts'),
    ])
    const key = await madeLaptopKey(resolve(text(values['data']) ?? ''))
    const from = Math.floor(Date.now() / 1000)
    const made = await laptopToken(key, {
      user,
      scope: text(values['scope']),
      audience: text(values['audience']),
      from,
      until: from + seconds,
    })
    process.stdout.write(`${made}\n`)
    return 0
  },
}
