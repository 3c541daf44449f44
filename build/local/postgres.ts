import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { PlatformError } from '../../runtime/errors.ts'
import type { DataFolder } from './data-folder.ts'
import { freePort } from './free-port.ts'
import { prepareCluster } from './postgres-cluster.ts'
import { guard } from './postgres-guard.ts'
import { PATIENCE, readPidFile, stopLeftover } from './postgres-leftover.ts'
import { openLog, turnLog } from './postgres-log.ts'
import { findPostgres } from './postgres-program.ts'
import { postgresSettings } from './postgres-settings.ts'
import type { Command } from './postgres-user.ts'
import { as, findUser } from './postgres-user.ts'
import { onDisk } from './storage-fault.ts'
import { until } from './until.ts'

/** Milliseconds until a server that recovers from a crash must take connections. */
const RECOVERY = 120_000
/** Milliseconds that the backends of a killed server are given to end, or a port to be free. */
const RETRY = 20_000
/** What the log says where a moment later, or with another port, it works. */
const PASSING =
  /pre-existing shared memory block|lock file "postmaster\.pid"|Address already in use|could not create any TCP\/IP sockets/

export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

/** A PostgreSQL 16 of our own, on 127.0.0.1 alone. */
export interface Postgres {
  /** The superuser's, with its password. */
  readonly url: string
  readonly pid: number
  /** Resolves when the server is gone, asked to or not. */
  readonly exited: Promise<Ended>
  /** Ends sessions and stops; resolves when the server is gone. */
  stop(): Promise<void>
}

export interface PostgresOptions {
  /** False for tests: quicker, and a power cut loses everything. */
  readonly durable?: boolean
  /** A free one unless said. */
  readonly port?: number
}

/** Starts PostgreSQL on a data folder, which it makes ready first; ends what an earlier crash left there. Throws `unavailable` with the last log lines. */
export async function startPostgres(
  folder: DataFolder,
  { durable = true, port: wanted }: PostgresOptions = {},
): Promise<Postgres> {
  const data = folder.postgres
  const log = join(folder.logs, 'postgres.log')
  const program = await onDisk(folder.path, () => findPostgres(join(folder.run, 'postgres-libraries')))
  const user = await findUser(program, folder)
  const password = await folder.secret('postgres')
  await onDisk(folder.path, async () => {
    await turnLog(log)
    await stopLeftover(data)
    await prepareCluster(data, { program, user, password, log, durable })
  })

  const end = performance.now() + RETRY
  for (;;) {
    const port = wanted ?? (await freePort())
    const command = as(user, program.postgres, ['-D', data, ...postgresSettings(port, durable)])
    const attempt = await launch(command, { data, log, environment: program.environment })
    if ('pid' in attempt) return { ...attempt, url: `postgres://postgres:${password}@127.0.0.1:${port}/postgres` }
    if (!PASSING.test(attempt.said) || performance.now() > end) {
      throw new PlatformError('unavailable', `PostgreSQL did not start. The end of ${log}:\n${attempt.said}`)
    }
    await setTimeout(50)
    await stopLeftover(data)
  }
}

type Running = Omit<Postgres, 'url'>

async function launch(
  command: Command,
  { data, log, environment }: { data: string; log: string; environment: Readonly<Record<string, string>> },
): Promise<Running | { readonly said: string }> {
  const { file, tail } = await openLog(log)
  try {
    const child = spawn(command.file, command.args, {
      cwd: '/',
      env: { ...environment },
      stdio: ['ignore', file.fd, file.fd],
      // A group of its own: what a terminal sends to ours does not reach it.
      detached: true,
      ...command.identity,
    })
    const exited = new Promise<Ended>((resolve) => child.on('exit', (code, signal) => resolve({ code, signal })))
    await once(child, 'spawn')
    child.unref()
    const { pid } = child
    if (pid === undefined) throw new Error('a process that was started has an id')

    const isGone = () => child.exitCode !== null || child.signalCode !== null
    const callOff = guard(pid, data)
    child.once('exit', callOff)
    const end = async () => {
      for (const [signal, patience] of PATIENCE) {
        child.kill(signal)
        if (await until(patience, async () => isGone())) return
      }
      throw new PlatformError('unavailable', `PostgreSQL (process ${pid}) does not end, not even when it is killed`)
    }
    const ready = await until(RECOVERY, async () => isGone() || (await isReady(data, pid)))
    if (ready && !isGone()) {
      let stopping: Promise<void> | undefined
      return { pid, exited, stop: () => (stopping ??= end()) }
    }
    await end()
    return { said: await tail() }
  } finally {
    await file.close()
  }
}

async function isReady(data: string, pid: number): Promise<boolean> {
  const lines = await readPidFile(data)
  return lines?.[0] === String(pid) && lines[7] === 'ready'
}
