import { spawn } from 'node:child_process'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { text as wholeText } from 'node:stream/consumers'

/** Environments of scripts outlast the tests: what was installed once is there for the next time. */
export const CACHE = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'mezz-test', 'cache')

export interface Ran {
  readonly out: string
  readonly error: string
  readonly code: unknown
  readonly seconds: number
}

/** `mezz run` as a user runs it. */
export async function mezzRun(folder: string, ...args: readonly string[]): Promise<Ran> {
  const began = performance.now()
  const child = spawn(process.execPath, [resolve('build/launch.js'), 'run', ...args], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const ended = new Promise((resolve) => child.once('close', resolve))
  const [out, error, code] = await Promise.all([wholeText(child.stdout), wholeText(child.stderr), ended])
  return { out, error, code, seconds: (performance.now() - began) / 1000 }
}
