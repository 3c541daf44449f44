import { spawnSync } from 'node:child_process'

let prefix: readonly string[] | undefined

/** What to put before a command so that the kernel ends it when this process is gone, however it went; nothing where the system cannot. */
export function dieWithParent(path: string): readonly string[] {
  prefix ??= works(path) ? ['setpriv', '--pdeathsig', 'KILL', '--'] : []
  return prefix
}

function works(path: string): boolean {
  if (process.platform !== 'linux') return false
  const { status } = spawnSync('setpriv', ['--pdeathsig', 'KILL', '--', 'true'], { env: { PATH: path } })
  return status === 0
}
