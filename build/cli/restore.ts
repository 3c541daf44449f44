import { readEnvironment } from '../../runtime/env.ts'
import type { Command } from './command.ts'
import { text, words } from './command.ts'
import { mebibytes, progressOn } from './progress.ts'
import { untilSignal } from './until-signal.ts'

export const restoreCommand: Command = {
  name: 'restore',
  usage: 'FILE|DIR [--data .mezz]',
  summary: 'makes a data folder of a backup',
  help: `
Makes a data folder of what mezz backup wrote, on this machine or another one. Every file is checked by
its digest, and the database is started once, before the folder appears; a backup that was cut or
damaged is refused, and nothing is left. Then mezz dev --data on it goes on where the backup was made.

  --data  the data folder to make (.mezz): nothing may be there, or an empty folder`,
  options: { data: { type: 'string', default: '.mezz' } },

  async run({ values, positionals }) {
    words(positionals, { needed: ['backup'] })
    const [backup = ''] = positionals
    const data = text(values['data']) ?? '.mezz'
    const begun = performance.now()
    const { restore } = await import('../local/restore.ts')
    const { files, at } = await untilSignal((signal) =>
      restore({ backup, data, environment: readEnvironment(), signal, progress: progressOn(process.stderr) }),
    )
    const bytes = files.reduce((sum, file) => sum + file.bytes, 0)
    const seconds = ((performance.now() - begun) / 1000).toFixed(1)
    process.stdout.write(`${data}  ${files.length} files  ${mebibytes(bytes)}  ${seconds} s  of ${at}\n`)
    return 0
  },
}
