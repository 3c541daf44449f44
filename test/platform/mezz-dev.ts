import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'

/** `mezz dev` as a user runs it, in a process of its own. */
export interface Dev {
  readonly url: string
  readonly data: string
  readonly lines: readonly string[]
  /** SIGTERM; answers with the exit code. */
  stop(): Promise<number | null>
  /** SIGKILL to `mezz dev` alone, the launcher before it included. */
  kill(): Promise<void>
  /** SIGKILL to it and to everything that it started, the database too. */
  killAll(): Promise<void>
}

export interface DevOptions {
  readonly data: string
  readonly folder: string
  readonly idle?: string
  readonly env?: Readonly<Record<string, string>>
  /** By default that of this checkout. */
  readonly launcher?: string
}

const LAUNCHER = resolve('build/launch.js')

/** Resolves when it has printed `ready`; rejects with what it said when it ends before. */
export async function startDev({
  data,
  folder,
  idle = '30s',
  env = {},
  launcher = LAUNCHER,
}: DevOptions): Promise<Dev> {
  const args = [launcher, 'dev', '--port', '0', '--data', data, '--functions', folder, '--idle', idle]
  const child = spawn(process.execPath, args, {
    cwd: folder,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const lines: string[] = []
  const url = await readyUrl(child, lines)
  const gone = once(child, 'exit')

  return {
    url,
    data,
    lines,
    async stop() {
      child.kill('SIGTERM')
      const [code] = await gone
      return code
    },
    async kill() {
      for (const pid of childrenOf(child.pid)) kill(pid)
      child.kill('SIGKILL')
      await gone
    },
    async killAll() {
      // Those of its processes that are not its children any more (a database, a job) name its data folder.
      const all = [...childrenOf(child.pid), ...processesOf(data)]
      child.kill('SIGKILL')
      for (const pid of all) kill(pid)
      for (const pid of processesOf(data)) kill(pid)
      await gone
    },
  }
}

async function readyUrl(child: ChildProcess, lines: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr]) {
      if (!stream) continue
      createInterface({ input: stream }).on('line', (line) => {
        lines.push(line)
        const [, url] = /^ready (\S+)$/.exec(line) ?? []
        if (url) resolve(url)
      })
    }
    child.once('exit', (code) => reject(new Error(`mezz dev ended with ${code}:\n${lines.join('\n')}`)))
  })
}

/** Processes that name this path in their command line, or work in a folder below it. */
export function processesOf(path: string): number[] {
  return pids().filter(
    (pid) => pid !== process.pid && (read(pid, 'cmdline').includes(path) || cwdOf(pid).startsWith(join(path, '/'))),
  )
}

function childrenOf(parent: number | undefined): number[] {
  return pids().filter((pid) => Number(/\) \S (\d+)/.exec(read(pid, 'stat'))?.[1]) === parent)
}

function pids(): number[] {
  return readdirSync('/proc').flatMap((name) => (/^\d+$/.test(name) ? [Number(name)] : []))
}

function read(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8')
  } catch {
    return ''
  }
}

function cwdOf(pid: number): string {
  try {
    return readlinkSync(`/proc/${pid}/cwd`)
  } catch {
    return ''
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // Gone already.
  }
}
