import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type * as z from 'zod'
import type { Settings } from './process/settings.ts'
import { files } from './process/settings.ts'

/** A platform that is started again as often as it ends. */
export interface PlatformLife {
  pid(): number | undefined
  /** Resolves when it serves. */
  ready(): Promise<void>
  /** SIGTERM; answers with the exit code. A new life begins after it. */
  terminate(): Promise<number | null>
  /** SIGTERM, for good. */
  close(): Promise<void>
}

const PROGRAM = resolve('test/faults/process/platform.ts')

/** Begins its first life; a later one waits for `standing`. */
export function keepPlatform(
  settings: z.infer<typeof Settings>,
  { standing, died }: { standing(): Promise<void>; died(): void },
): PlatformLife {
  const { platformLog } = files(settings.data)
  let closing = false
  let child: ChildProcess
  let ready = begin()

  return {
    pid: () => child.pid,
    ready: () => ready,
    async terminate() {
      const gone = once(child, 'exit')
      child.kill('SIGTERM')
      const [code] = await gone
      return code
    },
    async close() {
      closing = true
      const gone = child.exitCode === null && child.signalCode === null && once(child, 'exit')
      child.kill('SIGTERM')
      await gone
    },
  }

  /** Resolves when this life serves, or one after it. */
  function begin(): Promise<void> {
    const flags = ['--conditions=mezz-source', '--disable-warning=ExperimentalWarning']
    const life = spawn(process.execPath, [...flags, PROGRAM, JSON.stringify(settings)], {
      stdio: ['pipe', 'pipe', 'pipe'],
    })
    child = life
    const told = Promise.withResolvers<void>()
    for (const stream of [life.stdout, life.stderr]) {
      stream.on('data', (bytes: Buffer) => {
        appendFileSync(platformLog, bytes)
        if (bytes.includes('ready\n')) told.resolve()
      })
    }
    life.once('exit', (_, signal) => {
      if (closing) return
      if (signal === 'SIGKILL') died()
      ready = standing().then(begin)
      ready.then(told.resolve, told.reject)
      // Whoever waits for it is told.
      told.promise.catch(() => undefined)
    })
    return told.promise
  }
}
