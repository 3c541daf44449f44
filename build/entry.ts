import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { BundleSource } from './bundle.ts'
import type { FoundFunction } from './found.ts'
import { EXTENSION, SOURCES } from './layout.ts'
import { programFile } from './program-file.ts'

/** The text from which a function's bundle starts. */
export type Entry = (fn: { readonly file: string; readonly uses: readonly string[] }) => string

/** The few lines that serve the function of this file on the ports that it says it uses, and no other. */
export const entry: Entry = ({ file, uses }) => {
  const from = (path: string) => JSON.stringify(join(SOURCES, `${path}${EXTENSION}`))
  return [
    `import fn from ${JSON.stringify(file)}`,
    `import { serve } from ${from('runtime/serve')}`,
    ...uses.map((port) => `import { open as ${port} } from ${from(`build/compose/${port}`)}`),
    `await serve(fn, { ${uses.join(', ')} })`,
  ].join('\n')
}

/** A folder beside a program, whose files it finds by `import.meta.url` in the checkout and in the bundle. */
const HELPER = 'helper'

/** What to bundle of a function, to run on this machine: its start, and the programs of its jobs. */
export function sourceOf({ name, file, definition }: FoundFunction, start: Entry): BundleSource {
  if ('command' in definition) throw new Error(`${name} is a command: there is nothing to bundle`)
  const programs = Object.entries(definition.programs ?? {}).map(([name, path]) => [name, programFile(file, path)])
  const helpers = programs.map(([, path = '']) => join(dirname(path), HELPER)).filter((folder) => existsSync(folder))
  if (helpers.length > 1)
    throw new Error(`${name} has two programs with a folder ${HELPER}: both would lie in one place`)
  return {
    entry: start({ file, uses: definition.uses }),
    programs: Object.fromEntries(programs),
    folders: Object.fromEntries(helpers.map((folder) => [HELPER, folder])),
    native: 'here',
  }
}
