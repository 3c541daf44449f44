import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { until } from '../../../build/local/until.ts'

/** Milliseconds that a server is given to take its first request, on a busy machine. */
const START = 120_000
/** Milliseconds that it is given to end before it is killed. */
const END = 30_000

export interface ServerProgram {
  readonly command: string
  readonly args: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  readonly uid?: number
  /** File that its words are added to. */
  readonly log: string
  /** Whether it takes requests now. */
  isReady(): Promise<boolean>
}

/** A real server on 127.0.0.1, in a process group of its own, that can be put through anything. */
export interface Server {
  readonly pid: number
  /** Ends it as its operator would. */
  stop(): Promise<void>
  /** Ends it in the hardest way. */
  kill(): Promise<void>
  /** Holds it still, as a machine that hangs does. */
  pause(): void
  resume(): void
  /** Starts it again, with what it has on disk. */
  start(): Promise<void>
}

/** Starts a server and waits until it is ready; what it said goes into the error where it ends before. */
export async function startServer(program: ServerProgram): Promise<Server> {
  let child: ChildProcess | undefined
  // A test that ends early leaves nothing behind.
  const atExit = () => signal('SIGKILL')
  process.on('exit', atExit)

  function signal(name: NodeJS.Signals): void {
    if (child?.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
    try {
      process.kill(-child.pid, name)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
    }
  }
  const isGone = () => child === undefined || child.exitCode !== null || child.signalCode !== null

  async function start(): Promise<void> {
    const log = openSync(program.log, 'a')
    const { command, args, env, uid } = program
    child = spawn(command, args, {
      env: { ...process.env, ...env },
      stdio: ['ignore', log, log],
      detached: true,
      ...(uid === undefined ? {} : { uid, gid: uid }),
    })
    closeSync(log)
    await once(child, 'spawn')
    child.unref()
    const isUp = await until(START, async () => isGone() || (await program.isReady()))
    if (!isUp || isGone()) {
      signal('SIGKILL')
      throw new Error(`${command} did not start:\n${readFileSync(program.log, 'utf8').slice(-4000)}`)
    }
  }

  async function end(name: NodeJS.Signals): Promise<void> {
    signal('SIGCONT')
    signal(name)
    if (await until(END, async () => isGone())) return
    signal('SIGKILL')
    if (!(await until(END, async () => isGone()))) throw new Error(`${program.command} does not end`)
  }

  await start()
  return {
    get pid() {
      return child?.pid ?? 0
    },
    stop: () => end('SIGTERM'),
    kill: () => end('SIGKILL'),
    pause: () => signal('SIGSTOP'),
    resume: () => signal('SIGCONT'),
    start,
  }
}
