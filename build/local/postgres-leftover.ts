import { execFile } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { promisify } from 'node:util'
import { PlatformError } from '../../runtime/errors.ts'
import { until } from './until.ts'

/** How a server is ended: each signal, a gentle one first, and the milliseconds that it is given to work. */
export const PATIENCE = [
  ['SIGINT', 10_000],
  ['SIGQUIT', 5_000],
  ['SIGKILL', 5_000],
] as const

/** Line by line as the server writes `postmaster.pid`: process id first, port fourth, `ready` eighth. `null` where there is none. */
export async function readPidFile(data: string): Promise<readonly string[] | null> {
  const text = await readFile(join(data, 'postmaster.pid'), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return null
    throw error
  })
  return text === null ? null : text.split('\n').map((line) => line.trim())
}

/** Ends the server that an earlier crash left running on `data`, and no other process, whatever the pid file says. */
export async function stopLeftover(data: string): Promise<void> {
  const [line = ''] = (await readPidFile(data)) ?? []
  const pid = Number(line)
  if (!Number.isSafeInteger(pid) || pid < 2) return
  for (const [signal, patience] of PATIENCE) {
    if (!(await serves(pid, data))) return excuse(data, line)
    process.kill(pid, signal)
    if (await until(patience, async () => !(await serves(pid, data)))) return excuse(data, line)
  }
  throw new PlatformError(
    'unavailable',
    `the PostgreSQL that an earlier run left (process ${pid}) does not end: end it`,
  )
}

// A server that did not clean up leaves a file that names a process id which may be somebody else's by now, or a zombie's; the next server would
// take that for its twin. It takes its own parent, which is us, for nobody. The other lines stay: by them it finds whether backends still live.
async function excuse(data: string, line: string): Promise<void> {
  const lines = await readPidFile(data)
  if (lines?.[0] !== line) return
  await writeFile(join(data, 'postmaster.pid'), [process.pid, ...lines.slice(1)].join('\n'))
}

async function serves(pid: number, data: string): Promise<boolean> {
  const [program = '', ...args] = await commandLine(pid)
  const at = args.indexOf('-D')
  return basename(program) === 'postgres' && at >= 0 && args[at + 1] === data
}

// Empty for a process that is gone, and for one that has ended but was not yet asked how.
async function commandLine(pid: number): Promise<readonly string[]> {
  try {
    if (process.platform === 'linux') return (await readFile(`/proc/${pid}/cmdline`, 'utf8')).split('\0')
    const { stdout } = await promisify(execFile)('ps', ['-ww', '-o', 'command=', '-p', String(pid)])
    return stdout.trim().split(' ')
  } catch {
    return []
  }
}
