import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import * as z from 'zod'
import { ScriptFault } from './fault.ts'
import { askProgram, runProgram } from './programs.ts'
import type { Variables } from './settings.ts'

/** What runs a script, and what its packages are: `name==version` a line, under a first one of the interpreter. */
export interface ScriptEnvironment {
  readonly command: readonly [string, ...string[]]
  /** In front of PATH. */
  readonly path: readonly string[]
  readonly lock: string
  /** Which one it is, in words. */
  readonly told?: string
}

export interface Place {
  /** Where the script's files lie. */
  readonly root: string
  /** The folder of its entry. */
  readonly folder: string
  readonly installer: Readonly<Record<string, string>>
}

/** Beside this program wherever it lies: in the checkout, in a bundle, in the package. */
export const HELPER = fileURLToPath(new URL('./helper', import.meta.url))

const Made = z.object({ python: z.string(), lock: z.string(), told: z.string() })

/** The Python of the script's `requirements.txt`, made where there is none of its digest; else that of this machine. */
export async function pythonEnvironment(
  { root, folder, installer }: Place,
  { MEZZ_CACHE }: Pick<Variables, 'MEZZ_CACHE'>,
) {
  const requirements = nearest('requirements.txt', { root, folder })
  const asked = await askProgram(
    ['python3', join(HELPER, 'environment.py'), join(MEZZ_CACHE, 'python'), requirements ?? ''],
    { folder, environment: installer },
  )
  if (asked === null) {
    throw new ScriptFault(
      requirements ? 'requirements.txt could not be installed: the lines above say why' : 'python3 does not run here',
    )
  }
  const { python, lock, told } = Made.parse(JSON.parse(asked))
  const made: ScriptEnvironment = { command: [python], path: [dirname(python)], lock, told }
  return made
}

/** This Node, with the packages of the script's `package.json`; nothing of theirs runs while they are installed. */
export async function nodeEnvironment({ root, folder, installer }: Place): Promise<ScriptEnvironment> {
  const manifest = nearest('package.json', { root, folder })
  const command = [process.execPath, '--disable-warning=ExperimentalWarning'] as const
  const head = `node ${process.versions.node} ${process.platform} ${process.arch}\n`
  if (!manifest) return { command, path: [], lock: head }
  const at = dirname(manifest)
  const install = existsSync(join(at, 'package-lock.json')) ? 'ci' : 'install'
  const { exit } = await runProgram(['npm', install, '--ignore-scripts', '--no-audit', '--no-fund'], {
    folder: at,
    environment: installer,
  })
  if (exit !== 0) throw new ScriptFault(`npm ${install} failed: the lines above say why`)
  const lockfile = await readFile(join(at, 'package-lock.json'), 'utf8').catch(() => '{}')
  return { command, path: [join(at, 'node_modules', '.bin')], lock: head + lockOf(lockfile) }
}

function lockOf(lockfile: string): string {
  const { packages } = z
    .object({ packages: z.record(z.string(), z.looseObject({ version: z.string().optional() })).default({}) })
    .parse(JSON.parse(lockfile))
  const named = Object.entries(packages).filter(([path]) => path !== '')
  return named.map(([path, { version }]) => `${path.replace(/^node_modules\//, '')}@${version}\n`).join('')
}

/** The file of this name in the folder, or in the nearest one above it that is still the script's. */
function nearest(name: string, { root, folder }: { readonly root: string; readonly folder: string }): string | null {
  for (let at = folder; ; at = dirname(at)) {
    const file = join(at, name)
    if (existsSync(file)) return file
    if (at === root) return null
  }
}
