import { mkdir, rm, rmdir } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { inheritedEnvironment } from '../env.ts'
import { PlatformError, unavailable } from '../errors.ts'
import type { Attempt, AttemptEnd, Launcher, Usage } from '../launcher.ts'
import { isPlainStep } from '../object-name.ts'
import type { Objects } from '../ports.ts'
import { quantity } from '../quantity.ts'
import { layInputs } from './child-inputs.ts'
import { programLog } from './child-log.ts'
import type { ProgramEnd } from './child-messages.ts'
import type { OutputLimits } from './child-outputs.ts'
import { storeOutputs } from './child-outputs.ts'
import { runProgram } from './child-run.ts'
import { codeOf, isNotEmpty, nullIfGone } from './folder-errors.ts'
import { endFamily } from './process-tree.ts'

export interface Program {
  readonly command: readonly [file: string, ...args: string[]]
  readonly environment?: Readonly<Record<string, string>>
}

export interface ChildProcessesOptions {
  readonly objects: Objects
  /** Each attempt has a folder here while it runs: `<job>/<attempt>`. No other launcher may use it. */
  readonly folder: string
  /** A folder that outlives the attempts, for what programs keep for each other (`MEZZ_CACHE`): by default `cache` beside `folder`. */
  readonly cache?: string
  /** What a function's program is started with; one that it does not have is a `PlatformError`. */
  resolve(owner: string, program: string): Program | Promise<Program>
  /** The Node 24 that watches over each program. */
  readonly node: string
  /** By default 10,000 files of 16 GiB together. */
  readonly outputs?: OutputLimits
  /** Milliseconds that a program has after SIGTERM: 5000 unless said. */
  readonly grace?: number
}

interface Place {
  readonly cache: string
  readonly signal: AbortSignal
}

const NOTHING: Usage = { coreSeconds: 0, peakMemoryBytes: 0, gpuSeconds: 0 }

/**
 * Runs attempts as processes of this machine. On Linux memory is held to and measured, by samples: see `child-meter.ts` for how exactly.
 * Elsewhere both are left out, and of what a program started only its process group is ended.
 */
export function childProcesses(options: ChildProcessesOptions): Launcher {
  const root = resolve(options.folder)
  const cache = resolve(options.cache ?? join(dirname(root), 'cache'))

  return {
    async run(attempt, { signal, line }) {
      const folder = join(root, plain(attempt.job), plain(String(attempt.attempt)))
      const log = programLog(line)
      let usage = NOTHING
      const failed = (message: string): AttemptEnd => {
        const tail = log.tail()
        return { state: 'failed', error: tail ? `${message}. It said last:\n${tail}` : message, usage }
      }

      try {
        signal.throwIfAborted()
        const start = await prepare(attempt, { ...options, folder, cache, signal })
        const { timeout } = attempt.request
        const end = await runProgram(start, { node: options.node, signal, log, ...(timeout ? { timeout } : {}) })
        usage = { coreSeconds: end.coreSeconds, peakMemoryBytes: end.peakMemoryBytes, gpuSeconds: 0 }
        signal.throwIfAborted()
        const fault = faultOf(end)
        if (fault) return failed(`${attempt.owner}/${attempt.request.program} failed: ${fault}`)

        const name = `jobs/${attempt.job}/${attempt.attempt}`
        const { outputs: limits = { files: 10_000, bytes: 16 * 2 ** 30 } } = options
        const outputs = await storeOutputs(options.objects, join(folder, 'out'), { name, limits, signal })
        return { state: 'succeeded', outputs, usage }
      } catch (error) {
        if (signal.aborted) return { state: 'cancelled', usage }
        if (!(error instanceof PlatformError) || error.code === 'unavailable') return placeFailed(error)
        return failed(`${attempt.owner}/${attempt.request.program} failed: ${error.message}`)
      } finally {
        await rm(folder, { recursive: true, force: true }).catch(placeFailed)
        await rmdir(join(root, attempt.job)).catch(nullIfInUse)
      }
    },
    async clear(job) {
      const folder = join(root, plain(job))
      await endFamily({ mark: `MEZZ_OUTPUT=${folder}/` })
      await rm(folder, { recursive: true, force: true }).catch(placeFailed)
    },
  }
}

async function prepare(
  { job, owner, attempt, request, traceparent }: Attempt,
  { objects, resolve, grace = 5000, folder, cache, signal }: ChildProcessesOptions & Place,
) {
  const { command, environment } = await resolve(owner, request.program)
  const memory = request.resources && quantity(request.resources.memory)
  const output = join(folder, 'out')
  const temporary = join(folder, 'tmp')
  await rm(folder, { recursive: true, force: true })
  await mkdir(output, { recursive: true, mode: 0o700 })
  await mkdir(temporary)
  const inputs = await layInputs(objects, request.inputs, { folder: join(folder, 'in'), signal })

  return {
    command,
    folder,
    environment: {
      PATH: inheritedEnvironment()['PATH'] ?? '/usr/local/bin:/usr/bin:/bin',
      HOME: folder,
      TMPDIR: temporary,
      LANG: 'C.UTF-8',
      ...environment,
      ...request.environment,
      ...inputs,
      MEZZ_JOB: job,
      MEZZ_ATTEMPT: String(attempt),
      MEZZ_OUTPUT: output,
      MEZZ_CACHE: cache,
      ...(traceparent ? { TRACEPARENT: traceparent } : {}),
    },
    mark: `MEZZ_OUTPUT=${folder}/`,
    grace,
    ...(memory === undefined ? {} : { memory }),
  }
}

/** What went wrong, or `undefined` when the program ended well. */
function faultOf({ exit, fault }: ProgramEnd): string | undefined {
  if (fault) return fault
  if (exit === 0) return undefined
  if (exit === 'SIGKILL') return 'it was killed from outside (SIGKILL), as when the machine runs out of memory'
  return typeof exit === 'number' ? `it ended with exit code ${exit}` : `it was ended by ${exit}`
}

/** What the system refuses (no space, no permission) is `unavailable`; another error rises as it is. */
function placeFailed(error: unknown): never {
  throw codeOf(error).startsWith('E') ? unavailable('the folder of jobs', error) : error
}

function nullIfInUse(error: unknown): null {
  return isNotEmpty(error) ? null : nullIfGone(error)
}

function plain(step: string): string {
  if (isPlainStep(step)) return step
  throw new PlatformError('invalid_input', `${JSON.stringify(step)} cannot be a job's id: use one plain step`)
}
