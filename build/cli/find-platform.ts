import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Options, Values } from './command.ts'
import { text, UsageError } from './command.ts'

const DEFAULT = 'http://127.0.0.1:8080'

/** What every command takes that speaks to a running platform. */
export const PLATFORM_OPTIONS = {
  url: { type: 'string' },
  data: { type: 'string' },
} as const satisfies Options

export const PLATFORM_HELP = `
  --url        the platform's address; without it, that of the mezz dev which uses --data
  --data       a data folder of mezz dev (.mezz)`

/** Where the platform is that is meant: `--url`, else where `mezz dev` of the data folder listens, else its usual port. */
export async function findPlatform(values: Values, data = text(values['data']) ?? '.mezz'): Promise<string> {
  const given = text(values['url'])
  if (given !== undefined) {
    if (URL.canParse(given) && /^https?:/.test(given)) return given.replace(/\/+$/, '')
    throw new UsageError(`${given} is no http URL`)
  }
  return readFile(join(data, 'run', 'address'), 'utf8').then(
    (address) => address.trim() || DEFAULT,
    () => DEFAULT,
  )
}
