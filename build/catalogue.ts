import { existsSync, globSync, readFileSync } from 'node:fs'
import { basename, delimiter, dirname, join, relative, resolve } from 'node:path'
import type { CommandDefinition, FunctionDefinition, TriggerDefinition } from '../runtime/define.ts'
import type { Fault } from '../runtime/errors.ts'
import { PlatformError } from '../runtime/errors.ts'
import type { Checked } from './declaration.ts'
import { checkFunction, checkTrigger } from './declaration.ts'
import { EXTENSION, SOURCES } from './layout.ts'
import { loadDefault } from './load.ts'
import { postRoutes, takes } from './routes.ts'

export interface Found<definition> {
  readonly name: string
  /** Absolute. */
  readonly file: string
  /** Shipped with the platform. */
  readonly ours: boolean
  readonly definition: definition
}

export type FoundFunction = Found<FunctionDefinition | CommandDefinition>
export type FoundTrigger = Found<TriggerDefinition>

export interface Catalogue {
  /** Those that nothing is wrong with, by name. */
  readonly functions: readonly FoundFunction[]
  readonly triggers: readonly FoundTrigger[]
  /** All that is wrong; the pointer is file and line. */
  readonly faults: readonly Fault[]
  /** The function files that there are, also those that something is wrong with. */
  readonly files: readonly string[]
}

/** Finds our functions and triggers and those of further folders, each with `functions/<name>/function.ts` and `triggers/*.ts`, as they are now; never rejects for what is in them. `path` is where commands are looked for. A function that was there `before` and does not load now counts as it was. */
export async function readCatalogue(
  folders: readonly string[],
  path: string,
  before?: Pick<Catalogue, 'functions'>,
): Promise<Catalogue> {
  const roots = [...new Set([SOURCES, ...folders.map((folder) => resolve(folder))])]
  const functionFiles = files(roots, 'functions/*/function')
  const functions = await Promise.all(functionFiles.map((file) => load(file, checkFunction)))
  const triggers = await Promise.all(files(roots, 'triggers/*').map((file) => load(file, checkTrigger)))

  const loaded = functions.flatMap(({ found }) => found).map((one) => ({ ...one, name: one.definition.name }))
  const lost = functionFiles.filter((file) => !loaded.some((one) => one.file === file))
  const found = [...loaded, ...(before?.functions.filter(({ file }) => lost.includes(file)) ?? [])]
  const byName = Map.groupBy(found, ({ name }) => name)
  const all = triggers.flatMap(({ found }) => found)
  const wrong = new Map<Found<unknown>, readonly Fault[]>()
  for (const one of found) wrong.set(one, [...twice(one, byName.get(one.name) ?? []), ...unrunnable(one, path)])
  const named = Map.groupBy(all, ({ name }) => name)
  for (const one of all) wrong.set(one, [...twice(one, named.get(one.name) ?? []), ...undeliverable(one, byName)])

  const right = (one: Found<unknown>) => wrong.get(one)?.length === 0
  return {
    files: functionFiles,
    functions: found.filter(right),
    triggers: all.filter(right),
    faults: [...[...functions, ...triggers].flatMap(({ faults }) => faults), ...[...wrong.values()].flat()],
  }
}

/** The catalogue, when nothing is wrong with it; else all faults in one message. */
export function insist(catalogue: Catalogue): Catalogue {
  const { faults } = catalogue
  if (faults.length === 0) return catalogue
  const text = faults.map(({ pointer, reason }) => `${pointer}: ${reason}`).join('\n')
  throw new PlatformError('unprocessable', text, { errors: faults })
}

function files(roots: readonly string[], pattern: string): readonly string[] {
  const found = roots.flatMap((root) => {
    const extension = root === SOURCES ? EXTENSION.slice(1) : '{ts,js}'
    return globSync(`${pattern}.${extension}`, { cwd: root }).map((file) => join(root, file))
  })
  return found.filter((file) => !/(\.d\.ts|\/triggers\/events\.[tj]s)$/.test(file)).sort()
}

async function load<definition>(
  file: string,
  check: (exported: unknown) => Checked<definition>,
): Promise<{ readonly found: readonly Found<definition>[]; readonly faults: readonly Fault[] }> {
  try {
    const checked = check(await loadDefault(file))
    if ('wrong' in checked) {
      const faults = checked.wrong.map(({ path, reason }) =>
        fault(
          file,
          path.findLast((step): step is string => typeof step === 'string' && /^\w+$/.test(step)),
          reason,
        ),
      )
      return { found: [], faults }
    }
    const ours = file.startsWith(join(SOURCES, '/'))
    return {
      found: [{ name: basename(file).replace(/\.[tj]s$/, ''), file, ours, definition: checked.definition }],
      faults: [],
    }
  } catch (error) {
    if (!(error instanceof PlatformError)) throw error
    return { found: [], faults: error.errors ?? [] }
  }
}

function twice(one: Found<unknown>, sameName: readonly Found<unknown>[]): readonly Fault[] {
  const others = sameName.filter(({ file }) => file !== one.file)
  return others.map(({ file }) => fault(one.file, 'name', `${one.name} is also the name of ${shown(file)}`))
}

function unrunnable({ file, definition }: FoundFunction, path: string): readonly Fault[] {
  if ('command' in definition) {
    const [command] = definition.command
    const places = command.includes('/') ? [dirname(file)] : path.split(delimiter)
    if (places.some((place) => existsSync(resolve(place, command)))) return []
    return [fault(file, 'command', `${command} is not found in ${places.join(', ')}`)]
  }
  const missing = Object.values(definition.programs ?? {}).filter(
    (program) => !existsSync(join(dirname(file), program)),
  )
  const faults = missing.map((program) => fault(file, 'programs', `there is no ${program} beside it`))
  try {
    postRoutes(definition)
  } catch (error) {
    faults.push(fault(file, 'app', error instanceof Error ? error.message : String(error)))
  }
  return faults
}

function undeliverable(
  trigger: FoundTrigger,
  functions: ReadonlyMap<string, readonly FoundFunction[]>,
): readonly Fault[] {
  const { file, name, definition } = trigger
  const { on, deliver, ownEvent } = definition
  const faults: Fault[] = []
  const wanted = `${on.type
    .replace(/^mezz\./, '')
    .replace(/\.v\d+$/, '')
    .replaceAll('.', '-')}-to-${deliver.to}`
  if (name !== wanted)
    faults.push(fault(file, undefined, `its file must be named ${wanted}, after the event and the function`))
  const [target] = functions.get(deliver.to) ?? []
  if (!target) return [...faults, fault(file, 'to', `there is no function ${deliver.to} that it could deliver to`)]
  if (target.definition.emits?.some(({ type }) => type === on.type) && !ownEvent) {
    faults.push(
      fault(file, 'on', `${deliver.to} emits ${on.type} itself: say ownEvent: true if its route for it does not`),
    )
  }
  if ('app' in target.definition && !hasRoute(target.definition, deliver.path)) {
    faults.push(fault(file, 'path', `${deliver.to} has no route POST ${deliver.path}`))
  }
  return faults
}

function hasRoute(fn: FunctionDefinition, path: string): boolean {
  try {
    return postRoutes(fn).some((declared) => takes(declared, path))
  } catch {
    // Its own fault says why its routes are not known.
    return true
  }
}

/** The line is that of the field's first mention, which is as near as a value can tell. */
function fault(file: string, field: string | undefined, reason: string): Fault {
  const lines = field ? readFileSync(file, 'utf8').split('\n') : []
  const at = lines.findIndex((line) => new RegExp(`\\b${field}\\s*[:(]`).test(line))
  return { pointer: `${shown(file)}:${at + 1 || 1}`, reason }
}

function shown(file: string): string {
  return relative(process.cwd(), file)
}
