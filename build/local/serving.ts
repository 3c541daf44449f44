import { existsSync } from 'node:fs'
import { mkdir, rm } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'

import { PlatformError } from '../../runtime/errors.ts'
import type { Catalogue } from '../catalogue.ts'

import { insist, readCatalogue } from '../catalogue.ts'
import type { Entry } from '../entry.ts'
import { entry } from '../entry.ts'
import type { FoundFunction } from '../found.ts'
import { SOURCES } from '../layout.ts'
import { Bundles } from './bundles.ts'
import type { Gateway, GatewayOptions } from './gateway.ts'
import { createGateway } from './gateway.ts'
import { endLeftovers } from './leftovers.ts'
import type { PoolOptions } from './pool.ts'
import { Pool } from './pool.ts'
import type { Program } from './program.ts'
import type { Change } from './watch.ts'
import { watchSources } from './watch.ts'

export interface ServingOptions extends Omit<GatewayOptions, 'pools'>, Omit<PoolOptions, 'runFolder'> {
  /** Folders with `functions` and `triggers` beside our own. */
  readonly folders: readonly string[]
  /** Where bundles and the notes of processes lie. */
  readonly data: string
  /** Where commands are looked for. */
  readonly path: string
  /** By default the bundle that starts the function on its ports by `runtime/serve.ts`. */
  readonly entry?: Entry
  /** All that a function's processes find in their environment. */
  env(fn: FoundFunction): Readonly<Record<string, string>> | Promise<Readonly<Record<string, string>>>
  /** Runs before the first process of each version of a function: migrations. */
  prepare?(fn: FoundFunction): Promise<void>
  /** The functions and triggers after a change. */
  changed?(catalogue: Catalogue): void
}

export interface Serving extends Omit<Gateway, 'drain'> {
  readonly pools: ReadonlyMap<string, Pool>
  catalogue(): Catalogue
  /** The file of a program that a function declares; `not_found` where it declares none of that name. */
  program(owner: string, name: string): string
  /** What a function's processes run now; none of a name that there is not. */
  current(name: string): Program | undefined
  /** Serves by this program under its name from now on, beside the functions of the catalogue. */
  put(program: Program): Promise<void>
  /** Ends the processes of a name after their last answers, and forgets it. */
  drop(name: string): Promise<void>
  /** Watches the sources from now on. */
  watch(): void
  /** Makes live what changed; never rejects: a fault is logged with file and line, and what it concerns stays as it was. */
  reload(change: Change): Promise<void>
  /** Ends all: what is in flight has so many milliseconds. */
  drain(grace: number): Promise<void>
}

/** The functions of these folders behind a gateway, each in processes of its own, replaced when its files change. Rejects with all faults in one message. */
export async function createServing(options: ServingOptions): Promise<Serving> {
  const { folders, data, path, env, prepare, log } = options
  const runFolder = join(data, 'run')
  endLeftovers(runFolder)
  await rm(join(data, 'bundles'), { recursive: true, force: true })
  await mkdir(data, { recursive: true })
  const bundles = new Bundles(join(data, 'bundles'), options.entry ?? entry)
  const pools = new Map<string, Pool>()
  const programs = new Map<string, Program>()
  let catalogue = insist(await readCatalogue(folders, path))

  async function serve(fn: FoundFunction): Promise<void> {
    const { name, definition, file } = fn
    const run =
      'command' in definition
        ? { command: definition.command, cwd: dirname(file) }
        : { bundle: await bundles.build(fn) }
    const known = programs.get(name)
    if ('bundle' in run && known && 'bundle' in known.run && known.run.bundle === run.bundle) return
    await prepare?.(fn)
    await put({ definition, run, env: await env(fn) })
  }
  async function put(program: Program): Promise<void> {
    const { name } = program.definition
    const pool = pools.get(name)
    if (pool) await pool.replace(program)
    else pools.set(name, new Pool(program, { ...options, runFolder }))
    programs.set(name, program)
    pools.get(name)?.start()
  }
  async function remove(name: string): Promise<void> {
    const pool = pools.get(name)
    pools.delete(name)
    programs.delete(name)
    await bundles.forget(name)
    await pool?.drain(options.grace ?? 10_000)
  }
  function say(line: string): void {
    log({ function: 'mezz', pid: process.pid, at: new Date().toISOString(), line })
  }

  async function apply({ functions, all }: Change): Promise<void> {
    const next = await readCatalogue(folders, path, catalogue)
    for (const { pointer, reason } of next.faults) say(`${pointer}: ${reason}`)
    const gone = catalogue.functions.filter(({ file }) => !next.files.includes(file))
    for (const { name } of gone) await remove(name)
    const own = new Set(next.files.map((file) => dirname(file)))
    // A folder that is no function's may be shared by any of them; a command hangs on its own alone.
    const shared = all || functions.some((folder) => !own.has(folder))
    const touched = next.functions.filter(
      ({ name, file, definition }) =>
        !pools.has(name) || functions.includes(dirname(file)) || (shared && 'app' in definition),
    )
    await Promise.all(
      touched.map((fn) =>
        serve(fn).catch((error: unknown) =>
          say(`${fn.name} stays as it was: ${error instanceof Error ? error.message : error}`),
        ),
      ),
    )
    catalogue = next
    options.changed?.(catalogue)
  }

  await Promise.all(catalogue.functions.map(serve))
  const gateway = createGateway({ ...options, pools })
  let last: Promise<void> = Promise.resolve()
  let watcher: ReturnType<typeof watchSources> | undefined
  const reload = (change: Change) => {
    last = last
      .then(() => apply(change))
      .catch((error: unknown) => say(`not reloaded: ${error instanceof Error ? error.stack : error}`))
    return last
  }
  return {
    pools,
    catalogue: () => catalogue,
    program: (owner, name) => {
      const run = programs.get(owner)?.run
      const file = run && 'bundle' in run ? join(dirname(run.bundle), 'programs', `${name}.mjs`) : ''
      if (existsSync(file)) return file
      throw new PlatformError('not_found', `${owner} has no program ${name}`)
    },
    current: (name) => programs.get(name),
    put,
    drop: remove,
    listen: gateway.listen,
    status: gateway.status,
    reload,
    watch: () => {
      watcher ??= watchSources([...new Set([SOURCES, ...folders.map((folder) => resolve(folder))])], reload)
    },
    drain: async (grace) => {
      watcher?.close()
      await last
      await gateway.drain(grace)
      await Promise.all([...pools.values()].map((pool) => pool.drain(grace)))
      await bundles.close()
    },
  }
}
