import { parseArgs } from 'node:util'
import type { Command } from './command.ts'
import { told, UsageError } from './command.ts'
import { COMMANDS } from './commands.ts'
import { endWithLauncher } from './launcher-pipe.ts'

// Who reads may stop early: `mezz logs | head`.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
  process.exit(0)
})
process.exitCode = await main(process.argv.slice(2))

async function main([word, ...rest]: readonly string[]): Promise<number> {
  if (word === undefined || word === 'help' || word === '--help' || word === '-h') {
    process.stdout.write(await overview())
    return 0
  }
  const load = COMMANDS[word]
  if (!load) {
    process.stderr.write(`mezz: there is no command ${word}\n\n${await overview()}`)
    return 2
  }
  const command = await load()
  try {
    const { values, positionals } = parseArgs({
      args: [...rest],
      allowPositionals: true,
      options: { help: { type: 'boolean', short: 'h' }, ...command.options },
    })
    if (values['help']) {
      process.stdout.write(`mezz ${command.name} ${command.usage}\n\n${command.help.trim()}\n`)
      return 0
    }
    endWithLauncher()
    return await command.run({ values, positionals })
  } catch (error) {
    return refuse(command, error)
  }
}

function refuse(command: Command, error: unknown): number {
  const isUsage =
    error instanceof UsageError ||
    (error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS'))
  if (isUsage) {
    process.stderr.write(`mezz ${command.name}: ${error.message}\nusage: mezz ${command.name} ${command.usage}\n`)
    return 2
  }
  process.stderr.write(`mezz ${command.name}: ${told(error)}\n`)
  return 1
}

async function overview(): Promise<string> {
  const commands = await Promise.all(Object.values(COMMANDS).map((load) => load()))
  const width = Math.max(...commands.map(({ name }) => name.length))
  const lines = commands.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`)
  return `usage: mezz <command> [options]\n\n${lines.join('\n')}\n\nmezz <command> --help explains each.\n`
}
