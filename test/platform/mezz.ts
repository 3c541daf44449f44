import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const CHECKOUT = fileURLToPath(new URL('../..', import.meta.url))
const LAUNCHER = join(CHECKOUT, 'build/launch.js')

export interface Ran {
  readonly code: number | null
  readonly out: string
  readonly error: string
}

/** The `mezz` command in a folder, to its end. */
export function runMezz(
  args: readonly string[],
  { cwd, env = {} }: { readonly cwd: string; readonly env?: Readonly<Record<string, string>> },
): Promise<Ran> {
  const child = spawn(process.execPath, [LAUNCHER, ...args], {
    cwd,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const said = { out: '', error: '' }
  child.stdout.on('data', (bytes) => (said.out += bytes))
  child.stderr.on('data', (bytes) => (said.error += bytes))
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, ...said })))
}

/** A user's repository outside this checkout, which it has as its package; `mezz` runs in it as a child process. */
export function userFolder() {
  const folder = mkdtempSync(join(tmpdir(), 'mezz-user-'))
  mkdirSync(join(folder, 'node_modules'))
  symlinkSync(CHECKOUT, join(folder, 'node_modules/mezz'))
  for (const name of ['hono', 'zod', '@types']) {
    symlinkSync(join(CHECKOUT, 'node_modules', name), join(folder, 'node_modules', name))
  }
  writeFileSync(join(folder, 'package.json'), '{"name": "user", "private": true, "type": "module"}')

  const start = (...args: readonly string[]) => {
    const child = spawn(process.execPath, [LAUNCHER, ...args], { cwd: folder, stdio: ['pipe', 'pipe', 'pipe'] })
    const said = { out: '', error: '' }
    child.stdout.on('data', (bytes) => (said.out += bytes))
    child.stderr.on('data', (bytes) => (said.error += bytes))
    const ended = new Promise<Ran>((resolve) => child.once('close', (code) => resolve({ code, ...said })))
    return { child, said, ended }
  }
  return {
    folder,
    start,
    mezz(...args: readonly string[]): Promise<Ran> {
      const { child, ended } = start(...args)
      child.stdin.end()
      return ended
    },
    /** `mezz dev` on a free port; resolves when it is ready. */
    async dev() {
      const { child, said, ended } = start('dev', '--port', '0')
      const ready = new Promise<void>((resolve) => {
        child.stdout.on('data', () => /^ready http/m.test(said.out) && resolve())
      })
      const early = ended.then(({ out, error }) => Promise.reject(new Error(`mezz dev ended: ${out}${error}`)))
      await Promise.race([ready, early])
      early.catch(() => undefined)
      return {
        stop(): Promise<Ran> {
          child.kill('SIGTERM')
          return ended
        },
      }
    },
    remove: () => rmSync(folder, { recursive: true, maxRetries: 5 }),
  }
}
