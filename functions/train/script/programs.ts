import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { ScriptFault } from './fault.ts'

export interface ProgramOptions {
  readonly folder: string
  /** All that it finds in its environment. */
  readonly environment: Readonly<Record<string, string>>
}

/** Of what a program said on stderr, for a reason. */
const MOST_SAID = 8192

/** Runs a program to its end, its lines passed on as they come; answers with how it ended and what it said last on stderr. */
export async function runProgram(
  [file, ...args]: readonly [string, ...string[]],
  { folder, environment }: ProgramOptions,
): Promise<{ readonly exit: number | NodeJS.Signals; readonly said: string }> {
  const program = spawn(file, args, { cwd: folder, env: environment, stdio: ['ignore', 'inherit', 'pipe'] })
  let said = ''
  program.stderr.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-MOST_SAID)
  })
  program.stderr.pipe(process.stderr, { end: false })
  const [code, signal] = await once(program, 'close').catch((error: unknown) => notStarted(file, error))
  return { exit: code ?? signal, said }
}

/** What a helper program of ours prints on stdout; its stderr goes to the log. A failure is `null`. */
export async function askProgram(
  [file, ...args]: readonly [string, ...string[]],
  { folder, environment }: ProgramOptions,
): Promise<string | null> {
  const program = spawn(file, args, { cwd: folder, env: environment, stdio: ['ignore', 'pipe', 'inherit'] })
  let said = ''
  program.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text
  })
  const [code] = await once(program, 'close').catch((error: unknown) => notStarted(file, error))
  return code === 0 ? said : null
}

function notStarted(file: string, error: unknown): never {
  if (error instanceof Error && 'code' in error && error.code === 'ENOENT')
    throw new ScriptFault(`${file} is not installed on this machine`)
  throw error
}
