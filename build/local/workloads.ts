import { mkdir, readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { PlatformError } from '../../runtime/errors.ts'
import { Workload } from '../../runtime/workload.ts'
import type { NamedWorkload, WorkloadStatus, Workloads } from '../../runtime/workloads.ts'
import type { Program } from './program.ts'
import type { Serving } from './serving.ts'
import { writeWhole } from './write-file.ts'

export interface LocalWorkloadsOptions {
  /** Where what was applied is kept, so that it is there after a crash, also while the database is not. */
  readonly folder: string
  readonly serving: Pick<Serving, 'put' | 'drop'>
  /** Whether a function of the catalogue has this name. */
  isFunction(name: string): boolean
  /** What its processes run. */
  programOf(workload: NamedWorkload): Program | Promise<Program>
  failed(name: string, error: unknown): void
}

export interface LocalWorkloads extends Workloads {
  /** Applies all of them again: what they run may be another program now. Never rejects. */
  refresh(): Promise<void>
  /** Why a request to this name cannot be answered, where there is a workload of it. */
  refusal(name: string): PlatformError | undefined
}

interface Kept {
  readonly workload: Workload
  program: Program | undefined
  waitingFor: string | null
}

const ENDING = '.json'

/** Workloads as further functions behind the gateway. */
export async function localWorkloads({
  folder,
  serving,
  isFunction,
  programOf,
  failed,
}: LocalWorkloadsOptions): Promise<LocalWorkloads> {
  const kept = new Map<string, Kept>()
  const turns = new Map<string, Promise<unknown>>()
  await mkdir(folder, { recursive: true, mode: 0o700 })
  for (const file of (await readdir(folder)).filter((one) => one.endsWith(ENDING))) {
    const workload = Workload.parse(JSON.parse(await readFile(join(folder, file), 'utf8')))
    kept.set(file.slice(0, -ENDING.length), { workload, program: undefined, waitingFor: 'its first start here' })
  }

  /** Of one name one thing at a time. */
  function inTurn(name: string, work: () => Promise<void>): Promise<void> {
    const done = (turns.get(name) ?? Promise.resolve()).catch(() => undefined).then(work)
    turns.set(name, done)
    return done
  }
  async function bringUp(name: string, one: Kept): Promise<void> {
    try {
      if (isFunction(name)) throw new PlatformError('conflict', `there is a function ${name} already`)
      const program = await programOf({ name, workload: one.workload })
      if (!isDeepStrictEqual(one.program, program)) await serving.put(program)
      one.program = program
      one.waitingFor = null
    } catch (error) {
      one.waitingFor = error instanceof Error ? error.message : String(error)
      throw error
    }
  }

  return {
    apply: ({ name, workload }) =>
      inTurn(name, async () => {
        const known = kept.get(name)
        const same = known && isDeepStrictEqual(known.workload, workload) ? known : undefined
        const one = same ?? { workload, program: known?.program, waitingFor: 'its program' }
        if (!same) await writeWhole(join(folder, `${name}${ENDING}`), JSON.stringify(workload))
        kept.set(name, one)
        await bringUp(name, one)
      }),
    remove: (name) =>
      inTurn(name, async () => {
        await rm(join(folder, `${name}${ENDING}`), { force: true })
        kept.delete(name)
        if (!isFunction(name)) await serving.drop(name)
        await rm(join(folder, name), { recursive: true, force: true })
      }),
    async status() {
      return [...kept].map(([name, { workload, waitingFor }]): WorkloadStatus => ({ name, workload, waitingFor }))
    },
    async refresh() {
      await Promise.all(
        [...kept.keys()].map((name) =>
          inTurn(name, async () => {
            const one = kept.get(name)
            if (one) await bringUp(name, one)
          }).catch((error: unknown) => failed(name, error)),
        ),
      )
    },
    refusal(name) {
      const reason = kept.get(name)?.waitingFor
      return typeof reason === 'string'
        ? new PlatformError('unavailable', `${name} waits for ${reason}`, { retryAfter: 1 })
        : undefined
    },
  }
}
