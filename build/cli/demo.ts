import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { readEnvironment } from '../../runtime/env.ts'
import { SOURCES } from '../layout.ts'
import type { Command } from './command.ts'
import { text, UsageError } from './command.ts'
import { stopped } from './stopped.ts'

const TABLE = join(SOURCES, 'build/demo/breast-cancer.csv')
const TARGET = 'target'
const GRACE = 10_000
const IDLE = 30_000

export const demo: Command = {
  name: 'demo',
  usage: '[--data FILE --target COLUMN --task classification|regression] [--keep]',
  summary: 'takes a table from file to served predictions, step by step',
  help: `
Starts the platform on a free port with a fresh data folder, sends it a table and one pipeline by
HTTP, and shows what happens by events alone: features, training, conversion to ONNX with its proof,
publication. Then it asks for five predictions, shows what they come from, and ends.

  --data    a table: CSV, NDJSON or Parquet, also gzipped (cell nuclei of breast masses)
  --target  the column to foretell
  --task    classification or regression; without it, text or few distinct values mean classification
  --keep    keeps serving until Ctrl-C`,
  options: {
    data: { type: 'string' },
    target: { type: 'string' },
    task: { type: 'string' },
    keep: { type: 'boolean' },
  },

  async run({ values, positionals }) {
    if (positionals.length > 0) throw new UsageError(`it takes no ${positionals[0]}`)
    const file = text(values['data'])
    const target = text(values['target']) ?? (file === undefined ? TARGET : undefined)
    if (target === undefined) throw new UsageError('--data needs --target, the column to foretell')
    const task = taskOf(text(values['task']))
    const say = (line: string): void => void process.stdout.write(`${line}\n`)
    const begun = performance.now()
    const data = await mkdtemp(join(tmpdir(), 'mezz-demo-'))
    const [{ startPlatform }, { tellStory }] = await Promise.all([
      import('../local/platform.ts'),
      import('../demo/story.ts'),
    ])
    // Nobody else calls a demo, and it has no token of theirs.
    const { MEZZ_ISSUERS: _, ...environment } = readEnvironment()
    const platform = await startPlatform({
      data,
      port: 0,
      folders: [],
      idle: IDLE,
      environment,
      heard: () => undefined,
    })
    say(`platform  ready at ${platform.url} after ${Math.round(performance.now() - begun)} ms, everything in ${data}`)
    try {
      const base = `${platform.url}/${readEnvironment().MEZZ_TEAM}`
      const told = await tellStory({ base, platform: platform.url, file: resolve(file ?? TABLE), target, task, say })
      goOn(told)
      if (values['keep']) {
        say(`\nserving at ${platform.url} until Ctrl-C`)
        await stopped()
      }
    } finally {
      await platform.close(GRACE)
    }
    return 0

    function goOn({ model, row }: { model: string; row: Readonly<Record<string, unknown>> }): void {
      say(`\nto go on:  npx mezz dev --data ${data}`)
      say('then:')
      say(`  curl localhost:8080/default/publish/models/${model}`)
      say(
        `  curl localhost:8080/default/infer/models/${model}/predict -H 'content-type: application/json' -d '${JSON.stringify({ rows: [row] })}'`,
      )
      say(`  npx mezz flows --data ${data}`)
    }
  },
}

function taskOf(given: string | undefined): 'classification' | 'regression' | undefined {
  if (given === undefined || given === 'classification' || given === 'regression') return given
  throw new UsageError(`${given} is no task: classification or regression`)
}
