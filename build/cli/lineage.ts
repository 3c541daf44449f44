import { askJson } from './ask.ts'
import type { Command } from './command.ts'
import { text, whole, words } from './command.ts'
import { findPlatform, PLATFORM_HELP, PLATFORM_OPTIONS } from './find-platform.ts'
import { Lineage, lineageText } from './lineage-text.ts'

export const lineage: Command = {
  name: 'lineage',
  usage: '<name | prediction> [--forward] [--limit 1000] [--json]',
  summary: 'shows what a thing was made of, back to the bytes and the code, or what was made of it',
  help: `
The name is a prediction's id (churn@3/0198…), datasets/churn, datasets/churn@3, models/churn, a
digest (sha256:…), or any mezz:// name in full; without a version it is the newest. Below each thing
stands what it came from: model version, conversion, run with its code, environment and pipeline,
extraction, view, dataset version, bytes. What was deleted since stays, and says so. Times are UTC.

  --forward    the other way: all that came of it
  --limit      so many things at most, the nearest (1000)
  --json       nodes and edges, as the platform gives them
${PLATFORM_HELP}`,
  options: {
    forward: { type: 'boolean' },
    limit: { type: 'string', default: '1000' },
    json: { type: 'boolean' },
    ...PLATFORM_OPTIONS,
  },

  async run({ values, positionals }) {
    words(positionals, { needed: ['name'] })
    const [of = ''] = positionals
    const forward = values['forward'] === true
    const limit = String(Math.min(whole(text(values['limit']) ?? '1000', 1), 100_000))
    const query = new URLSearchParams({ of, direction: forward ? 'forward' : 'backward', limit })
    const found = await askJson(new URL(`${await findPlatform(values)}/_mezz/lineage?${query}`), Lineage)
    process.stdout.write(values['json'] ? `${JSON.stringify(found, null, 2)}\n` : lineageText(found, forward))
    return 0
  },
}
