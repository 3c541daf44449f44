import { readEnvironment } from '../../runtime/env.ts'
import type { Command } from './command.ts'
import { text, words } from './command.ts'
import { mebibytes, progressOn } from './progress.ts'
import { untilSignal } from './until-signal.ts'

export const backup: Command = {
  name: 'backup',
  usage: '[--data .mezz] [--out FILE.tar|FILE.tar.gz|DIR]',
  summary: 'copies a data folder, also while mezz dev runs on it',
  help: `
Writes all that a data folder keeps (its database, objects, keys and passwords) to one file or one
folder, of one moment: what was acknowledged before the command began is in it. The platform goes on
meanwhile; where none runs, none can start until the database is copied. The backup appears whole or
not at all, and holds secrets: only you may read it. mezz restore makes a data folder of it.

  --data  the data folder (.mezz)
  --out   a .tar, a .tar.gz (smaller, slower), or else a new folder (mezz-backup-<time>.tar)`,
  options: { data: { type: 'string', default: '.mezz' }, out: { type: 'string' } },

  async run({ values, positionals }) {
    words(positionals, { needed: [] })
    const data = text(values['data']) ?? '.mezz'
    const out = text(values['out']) ?? `mezz-backup-${new Date().toISOString().slice(0, 19).replaceAll(':', '-')}.tar`
    const begun = performance.now()
    const { backUp } = await import('../local/backup.ts')
    const { files } = await untilSignal((signal) =>
      backUp({ data, out, environment: readEnvironment(), signal, progress: progressOn(process.stderr) }),
    )
    const bytes = files.reduce((sum, file) => sum + file.bytes, 0)
    const seconds = ((performance.now() - begun) / 1000).toFixed(1)
    process.stdout.write(`${out}  ${files.length} files  ${mebibytes(bytes)}  ${seconds} s\n`)
    return 0
  },
}
