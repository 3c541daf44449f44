import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { cp, rm } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import type * as z from 'zod'
import { reservePort } from '../../build/local/free-port.ts'
import type { Database } from '../../runtime/adapters/postgres.ts'
import { openDatabase } from '../../runtime/adapters/postgres.ts'
import { prepareTeam } from '../../runtime/adapters/team-database.ts'
import { processesOf } from '../platform/mezz-dev.ts'
import { keepDatabase } from './database-life.ts'
import { mountDisk } from './disks.ts'
import { kill } from './kill.ts'
import { keepPlatform } from './platform-life.ts'
import type { Point } from './points.ts'
import { FUNCTIONS, programOf } from './process/serving.ts'
import type { Settings } from './process/settings.ts'
import { files } from './process/settings.ts'
import type { InWorld } from './scenario.ts'

export type Victim = 'function' | 'platform' | 'postgres' | 'everything'

/** A platform under test with its database, both started again as often as they die. */
export interface World {
  readonly url: string
  readonly data: string
  /** The team's database, as its owner. */
  readonly database: Database
  /** Where the files of the database and of the objects lie. */
  readonly disks: { readonly postgres: string; readonly objects: string }
  /** Deaths of processes until now, and when the last was (`performance.now`). */
  readonly deaths: { n: number; at: number }
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

/** Milliseconds. */
const ENDING = 5000
const LOOK = 50

export interface WorldOptions {
  readonly bundles: Readonly<Record<string, string>>
  readonly mutant?: z.infer<typeof Settings>['mutant']
  readonly disk?: InWorld['disk']
}

/** Makes a world in a folder. */
export async function openWorld(root: string, { bundles, mutant = 'none', disk }: WorldOptions): Promise<World> {
  const data = join(root, 'data')
  const paths = files(data)
  mkdirSync(paths.folder, { recursive: true })
  const disks = { postgres: join(root, 'postgres'), objects: join(data, 'objects') }
  const unmount = disk ? [mountDisk(disks.postgres, disk.postgres)] : []
  const deaths = { n: 0, at: 0 }
  const died = (n = 1): void => {
    deaths.n += n
    deaths.at = performance.now()
  }
  const server = await keepDatabase(disks.postgres, died)
  const urls = await prepareTeam({ team: 'toys', adminUrl: server.url, password: (role) => `pw-${role}` }, schemas())
  const own = await copied(bundles, join(root, 'bundles'))
  // Nobody else may listen there while the platform is dead.
  const { port, release } = await reservePort()
  const platform = keepPlatform(
    {
      data,
      engineUrl: urls.engine,
      functionUrls: Object.fromEntries(FUNCTIONS.map(({ name }) => [name, urls.of(name)])),
      bundles: own,
      program: programOf(own['tally'] ?? ''),
      port,
      mutant,
    },
    { standing: server.standing, died },
  )
  await platform.ready()
  // What it writes first lies on the disk below; nothing does yet.
  if (disk) unmount.push(mountDisk(disks.objects, disk.objects))
  const owner = new URL(server.url)
  owner.pathname = '/mezz_toys'
  const database = openDatabase({ url: owner.href, most: 3, name: 'faults judge' })
  const pidsOf = (victim: Victim): number[] => {
    const ofPlatform = platform.pid() ?? 0
    if (victim === 'function') return processesOf(join(root, 'bundles')).filter((pid) => pid !== ofPlatform)
    const all = { platform: [ofPlatform], postgres: [server.pid()], everything: [server.pid(), ofPlatform] }
    return all[victim]
  }
  let ordered: Victim | undefined

  return {
    url: `http://127.0.0.1:${port}`,
    data,
    database,
    disks,
    deaths,
    order(point, { nth, victim, id }) {
      ordered = victim
      rmSync(`${paths.orders}.done`, { force: true })
      const first = victim === 'function' ? [] : pidsOf(victim)
      writeFileSync(paths.orders, JSON.stringify({ id, point, nth, first }))
    },
    isCarriedOut() {
      try {
        rmSync(`${paths.orders}.done`)
      } catch {
        return false
      }
      if (ordered === 'function') died()
      return true
    },
    kill(victim) {
      const pids = pidsOf(victim)
      if (victim === 'function') died(pids.length)
      for (const pid of pids) kill(pid)
    },
    terminate: platform.terminate,
    async settled() {
      await server.standing()
      await platform.ready()
      await server.standing()
    },
    async close() {
      await server.standing()
      await platform.close()
      await database.close()
      await server.stop()
      release()
      const left = (await leftOf(root)).map(commandOf)
      for (const take of unmount) take()
      await rm(root, { recursive: true, force: true, maxRetries: 5 })
      return left
    },
  }
}

/** What is left when all that is ending has had its time. */
async function leftOf(root: string): Promise<readonly number[]> {
  const end = performance.now() + ENDING
  for (;;) {
    const left = processesOf(root)
    if (left.length === 0 || performance.now() > end) return left
    await wait(LOOK)
  }
}

function schemas() {
  const folders: Readonly<Record<string, string>> = { publish: 'functions/publish/schema' }
  return FUNCTIONS.map(({ name, emits = [] }) => ({
    name,
    emits: emits.map(({ type }) => type),
    folder: resolve(folders[name] ?? 'test/faults/toys/schema'),
  }))
}

/** Bundles in a folder of the world's own, by which its processes are known. */
async function copied(bundles: Readonly<Record<string, string>>, folder: string): Promise<Record<string, string>> {
  for (const [name, file] of Object.entries(bundles)) await cp(dirname(file), join(folder, name), { recursive: true })
  return Object.fromEntries(Object.keys(bundles).map((name) => [name, join(folder, name, 'index.mjs')]))
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
  } catch {
    return `${pid}, which is gone now`
  }
}
