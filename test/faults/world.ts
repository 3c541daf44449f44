import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { cp, rm } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { openDataFolder } from '../../build/local/data-folder.ts'
import { freePort } from '../../build/local/free-port.ts'
import { startPostgres } from '../../build/local/postgres.ts'
import publish from '../../functions/publish/function.ts'
import type { Database } from '../../runtime/adapters/postgres.ts'
import { openDatabase } from '../../runtime/adapters/postgres.ts'
import { prepareTeam } from '../../runtime/adapters/team-database.ts'
import { processesOf } from '../platform/mezz-dev.ts'
import { mountDisk } from './disks.ts'
import type { Point } from './points.ts'
import { programOf } from './process/serving.ts'
import { files } from './process/settings.ts'
import type { InWorld } from './scenario.ts'
import poison from './toys/poison.ts'
import tally from './toys/tally.ts'

export type Victim = 'function' | 'platform' | 'postgres' | 'everything'

/** A platform under test with its database, both started again as often as they die. */
export interface World {
  readonly url: string
  readonly data: string
  /** The team's database, as its owner. */
  readonly database: Database
  /** Where the files of the database and of the objects lie. */
  readonly disks: { readonly postgres: string; readonly objects: string }
  /** Deaths of the platform until now, and the milliseconds at which the last of anything was. */
  readonly deaths: { platform: number; postgres: number; function: number; at: number }
  /** Orders a death at the `nth` passage of a point; what is killed beside the process of the point. */
  order(point: Point, options: { readonly nth: number; readonly victim: Victim; readonly id: string }): void
  /** Whether the last order was carried out. */
  isCarriedOut(): boolean
  kill(victim: Victim): void
  /** SIGTERM; the exit code. A new life begins after it. */
  terminate(): Promise<number | null>
  /** Resolves when platform and database run. */
  settled(): Promise<void>
  /** Ends all; answers with the command lines that are left. */
  close(): Promise<readonly string[]>
}

/** Milliseconds in which a database that died must run again. */
const RESTART = 30_000
const PLATFORM = resolve('test/faults/process/platform.ts')

/** Makes a world in a folder. */
export async function openWorld(
  root: string,
  {
    bundles: made,
    mutant = 'none',
    disk,
  }: {
    readonly bundles: Readonly<Record<string, string>>
    readonly mutant?: string
    readonly disk?: InWorld['disk']
  },
): Promise<World> {
  const data = join(root, 'data')
  // Of its own, so that the processes of this world are known by them.
  const own = (name: string): string => join(root, 'bundles', name)
  for (const [name, file] of Object.entries(made)) await cp(dirname(file), own(name), { recursive: true })
  const bundles = Object.fromEntries(Object.keys(made).map((name) => [name, join(own(name), 'index.mjs')]))
  const paths = files(data)
  mkdirSync(paths.folder, { recursive: true })
  const disks = { postgres: join(root, 'postgres'), objects: join(data, 'objects') }
  const unmount = disk ? [mountDisk(disks.postgres, disk.postgres)] : []
  const folder = await openDataFolder(disks.postgres)
  let server = await startPostgres(folder)
  const { url: adminUrl } = server
  const functions = [
    { name: tally.name, emits: types(tally), folder: resolve('test/faults/toys/schema') },
    { name: poison.name, emits: [], folder: resolve('test/faults/toys/schema') },
    { name: publish.name, emits: types(publish), folder: resolve('functions/publish/schema') },
  ]
  const urls = await prepareTeam({ team: 'toys', adminUrl, password: (role) => `pw-${role}` }, functions)
  const port = await freePort()
  const settings = {
    data,
    engineUrl: urls.engine,
    functionUrls: Object.fromEntries(functions.map(({ name }) => [name, urls.of(name)])),
    bundles,
    program: programOf(bundles['tally'] ?? ''),
    port,
    mutant,
  }
  const owner = new URL(adminUrl)
  owner.pathname = '/mezz_toys'
  const deaths = { platform: 0, postgres: 0, function: 0, at: 0 }
  let closing = false
  let ordered: Victim | undefined
  let platform: ChildProcess
  let ready: Promise<void>
  let standing: Promise<unknown> = Promise.resolve()

  function watchServer(): void {
    void server.exited.then(() => {
      if (closing) return
      deaths.postgres++
      deaths.at = performance.now()
      standing = standing.then(async () => {
        server = await startAgain()
        watchServer()
      })
      // Whoever waits for it is told.
      standing.catch(() => undefined)
    })
  }
  /** Where its disk is full it does not start at first. */
  async function startAgain(): Promise<typeof server> {
    const port = Number(new URL(adminUrl).port)
    for (const end = performance.now() + RESTART; ; ) {
      try {
        return await startPostgres(folder, { port })
      } catch (error) {
        if (performance.now() > end) throw error
        await wait(100)
      }
    }
  }
  function begin(): Promise<void> {
    const args = [
      '--conditions=mezz-source',
      '--disable-warning=ExperimentalWarning',
      PLATFORM,
      JSON.stringify(settings),
    ]
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] })
    platform = child
    const told = Promise.withResolvers<void>()
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (bytes: Buffer) => {
        appendFileSync(paths.platformLog, bytes)
        if (bytes.includes('ready\n')) told.resolve()
      })
    }
    child.once('exit', (_, signal) => {
      if (closing) return
      if (signal === 'SIGKILL') {
        deaths.platform++
        deaths.at = performance.now()
      }
      ready = standing.then(begin)
      ready.then(told.resolve, told.reject)
      told.promise.catch(() => undefined)
    })
    return told.promise
  }
  watchServer()
  ready = begin()
  await ready
  if (disk) unmount.push(mountDisk(disks.objects, disk.objects))
  const database = openDatabase({ url: owner.href, most: 3, name: 'faults judge' })

  return {
    url: `http://127.0.0.1:${port}`,
    data,
    database,
    disks,
    deaths,
    order(point, { nth, victim, id }) {
      const others = {
        function: [],
        platform: [platform.pid],
        postgres: [server.pid],
        everything: [server.pid, platform.pid],
      }
      ordered = victim
      rmSync(`${paths.orders}.done`, { force: true })
      writeFileSync(paths.orders, JSON.stringify({ id, point, nth, first: others[victim] }))
    },
    isCarriedOut() {
      try {
        rmSync(`${paths.orders}.done`)
        if (ordered === 'function') deaths.function++
        return true
      } catch {
        return false
      }
    },
    kill(victim) {
      deaths.at = performance.now()
      const some = processesOf(join(root, 'bundles')).filter((pid) => pid !== platform.pid)
      if (victim === 'function') {
        deaths.function += some.length
        for (const pid of some) end(pid)
      }
      if (victim === 'postgres' || victim === 'everything') end(server.pid)
      if (victim === 'platform' || victim === 'everything') end(platform.pid)
    },
    async terminate() {
      const gone = once(platform, 'exit')
      platform.kill('SIGTERM')
      const [code] = await gone
      return code
    },
    async settled() {
      await standing
      await ready
      await standing
    },
    async close() {
      closing = true
      await standing
      const gone = platform.exitCode === null && platform.signalCode === null && once(platform, 'exit')
      platform.kill('SIGTERM')
      await gone
      await database.close()
      await server.stop()
      await folder.close()
      const left = processesOf(root).map(commandOf)
      for (const take of unmount) take()
      await rm(root, { recursive: true, force: true, maxRetries: 5 })
      return left
    },
  }
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
  } catch {
    return `${pid}, which is gone now`
  }
}

function types({ emits = [] }: { readonly emits?: readonly { readonly type: string }[] }): readonly string[] {
  return emits.map(({ type }) => type)
}

function end(pid: number | undefined): void {
  try {
    if (pid) process.kill(pid, 'SIGKILL')
  } catch {
    // Gone already.
  }
}
