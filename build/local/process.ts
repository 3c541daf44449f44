import { spawn } from 'node:child_process'
import { connect } from 'node:net'
import { setTimeout as after } from 'node:timers/promises'
import { PlatformError } from '../../runtime/errors.ts'
import { reservePort } from './free-port.ts'
import { noteProcess } from './leftovers.ts'
import { eachLine } from './lines.ts'
import { watchMemory } from './memory.ts'
import { dieWithParent } from './parent-death.ts'

/** One line that a function's process wrote. */
export interface LogLine {
  readonly function: string
  readonly pid: number
  /** ISO 8601, UTC. */
  readonly at: string
  readonly line: string
}

export interface ProcessOptions {
  readonly name: string
  readonly command: readonly [string, ...string[]]
  readonly cwd: string
  /** All that it finds in its environment, beside `PORT`, `K_SERVICE` and `MEZZ_ENDS_WITH_PARENT` (its stdin ends with the platform). */
  readonly env: Readonly<Record<string, string>>
  /** Bytes of RAM; beyond them it is ended. */
  readonly memory: number
  /** Milliseconds in which it must listen on `PORT`. */
  readonly startTimeout: number
  /** Where processes are noted for the next start, should this one be killed. */
  readonly runFolder: string
  /** Ends the start. */
  readonly signal: AbortSignal
  log(line: LogLine): void
}

/** A process that listens. */
export interface FunctionProcess {
  readonly pid: number
  readonly port: number
  /** Milliseconds from the decision to start it until it listened. */
  readonly coldStartMs: number
  /** Resolves when it is gone, with the reason in words. */
  readonly ended: Promise<string>
  /** SIGTERM, and SIGKILL after so many milliseconds; resolves when it is gone. */
  stop(grace: number): Promise<void>
}

/** Starts a process and waits until it listens; rejects with `unavailable` when it ends before, `timeout` when it is late, and then nothing of it is left. */
export async function startProcess(options: ProcessOptions): Promise<FunctionProcess> {
  const began = performance.now()
  const { port, release } = await reservePort()
  if (options.signal.aborted) release()
  options.signal.throwIfAborted()
  const child = launch(options, port)
  child.ended.then(release)
  const listens = new AbortController()
  const gone = child.ended.then((reason) => Promise.reject(reason))
  const limit = AbortSignal.any([options.signal, listens.signal, AbortSignal.timeout(options.startTimeout)])
  try {
    await Promise.race([gone, untilListening(port, limit)])
  } catch (cause) {
    child.kill()
    await child.ended
    options.signal.throwIfAborted()
    const late = `did not listen on PORT within ${options.startTimeout} ms`
    const [code, reason] = typeof cause === 'string' ? (['unavailable', cause] as const) : (['timeout', late] as const)
    throw new PlatformError(code, `${options.name} did not start: ${reason}`, { cause })
  } finally {
    listens.abort()
    gone.catch(() => {})
  }
  return {
    pid: child.pid,
    port,
    coldStartMs: Math.round(performance.now() - began),
    ended: child.ended,
    stop: child.stop,
  }
}

function launch(options: ProcessOptions, port: number) {
  const [file = '', ...args] = [...dieWithParent(options.env['PATH'] ?? ''), ...options.command]
  const child = spawn(file, args, {
    cwd: options.cwd,
    env: { ...options.env, PORT: String(port), K_SERVICE: options.name, MEZZ_ENDS_WITH_PARENT: '1' },
    stdio: ['pipe', 'pipe', 'pipe'],
    // A group of its own: Ctrl-C in the terminal reaches the platform, which then drains it.
    detached: true,
  })
  const pid = child.pid ?? 0
  const { log, name } = options
  let lastError = ''
  let reason: string | undefined
  child.stdin.once('error', () => {})
  eachLine(child.stdout, (line) => log({ function: name, pid, at: new Date().toISOString(), line }))
  eachLine(child.stderr, (line) => {
    if (line.trim()) lastError = /Error\b.*: /.test(lastError) ? lastError : line.trim()
    log({ function: name, pid, at: new Date().toISOString(), line })
  })

  const kill = () => killGroup(pid)
  const forget = pid ? noteProcess(options.runFolder, pid) : () => {}
  const unwatch = watchMemory(pid, options.memory, (bytes) => {
    reason = `held ${mib(bytes)} MiB, more than its ${mib(options.memory)} MiB of memory, and was ended`
    kill()
  })
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message))
    child.once('exit', async (code, signal) => {
      unwatch()
      forget()
      kill()
      // What it wrote last may come after its exit; a grandchild that holds the pipe must not keep us.
      await Promise.race([new Promise((closed) => child.once('close', closed)), after(100)])
      const how = signal ? `was ended by ${signal}` : `exited with ${code}`
      resolve(reason ?? (lastError ? `${how}: ${lastError}` : how))
    })
  })
  const stop = async (grace: number) => {
    child.kill('SIGTERM')
    const timer = setTimeout(kill, grace)
    await ended
    clearTimeout(timer)
  }
  return { pid, ended, stop, kill }
}

function mib(bytes: number): number {
  return Math.round(bytes / 2 ** 20)
}

function killGroup(pid: number): void {
  try {
    if (pid) process.kill(-pid, 'SIGKILL')
  } catch (error) {
    // Gone, or (macOS) not yet buried.
    if (!(error instanceof Error && 'code' in error && (error.code === 'ESRCH' || error.code === 'EPERM'))) throw error
  }
}

async function untilListening(port: number, signal: AbortSignal): Promise<void> {
  for (let wait = 2; !(await answers(port)); wait = Math.min(wait * 1.5, 25)) await after(wait, undefined, { signal })
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}
