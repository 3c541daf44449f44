import { globSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import type { Fault } from '../runtime/errors.ts'
import { PlatformError } from '../runtime/errors.ts'
import { twice, undeliverable, unrunnable } from './cross-check.ts'
import type { Checked } from './declaration.ts'
import { checkFunction, checkTrigger } from './declaration.ts'
import { faultAt } from './fault-at.ts'
import type { Found, FoundFunction, FoundTrigger } from './found.ts'
import { EXTENSION, SOURCES } from './layout.ts'
import { loadDefault } from './load.ts'

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
  for (const one of all)
    wrong.set(one, [
      ...twice(one, named.get(one.name) ?? []),
      ...undeliverable(
        one,
        byName,
        lost.map((file) => basename(dirname(file))),
      ),
    ])

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
        faultAt(
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
