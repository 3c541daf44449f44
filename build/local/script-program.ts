import { hash } from 'node:crypto'
import { createWriteStream, existsSync } from 'node:fs'
import { copyFile, mkdir, rename, rm } from 'node:fs/promises'
import { basename, delimiter, dirname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { HELPER, pythonEnvironment } from '../../functions/train/script/environment.ts'
import { unpackScript } from '../../functions/train/script/fetch.ts'
import { PlatformError } from '../../runtime/errors.ts'
import type { ObjectRef, Objects } from '../../runtime/ports.ts'
import type { Serving, Workload } from '../../runtime/workload.ts'
import type { Program } from './program.ts'

export interface ScriptProgramOptions {
  readonly name: string
  readonly model: string
  readonly script: NonNullable<Workload['script']>
  readonly how: Serving
}

export interface ScriptHost {
  readonly objects: Pick<Objects, 'read'>
  /** Where scripts are laid down, each in a folder of its workload's name. */
  readonly folder: string
  /** Where environments are kept, which jobs have made. */
  readonly cache: string
  /** What every process here inherits; nothing of the platform's secrets. */
  readonly inherited: Readonly<Record<string, string>>
  /** What installers read besides. */
  readonly installer: Readonly<Record<string, string>>
}

const RESOURCES = { cpu: '1', memory: '2Gi' } as const

/** The script of a model as a program that serves it: its files, table and state laid down by their digest, its environment made. */
export async function scriptProgram(
  { name, model, script, how }: ScriptProgramOptions,
  { objects, folder, cache, inherited, installer }: ScriptHost,
): Promise<Program> {
  const home = join(folder, name, hash('sha256', JSON.stringify(script)).slice(0, 16))
  if (!existsSync(home)) await lay(home)
  const root = join(home, 'script')
  const at = dirname(join(root, script.entry))
  const [helper, output] = [join(home, 'helper'), join(home, 'output')]
  for (const one of [helper, output]) await mkdir(one, { recursive: true })
  await copyFile(join(HELPER, 'mezz.py'), join(helper, 'mezz.py'))
  const environment = await pythonEnvironment(
    { root, folder: at, installer: { ...inherited, ...installer } },
    { MEZZ_CACHE: cache },
  )
  const { scale, resources = RESOURCES } = how
  return {
    definition: { name, scope: 'models:predict', resources, ...(scale ? { scale } : {}) },
    run: { command: [...environment.command, join(root, script.entry)], cwd: at },
    env: {
      ...inherited,
      HOME: at,
      PATH: [...environment.path, inherited['PATH'] ?? ''].join(delimiter),
      PYTHONPATH: [helper, root].join(delimiter),
      PYTHONUNBUFFERED: '1',
      MEZZ_SERVE: 'answer',
      MEZZ_MODEL: model,
      MEZZ_VERSION: String(script.version),
      MEZZ_CONTRACT: join(home, 'contract.json'),
      ...(script.state ? { MEZZ_STATE: join(home, 'state') } : {}),
      MEZZ_TABLE: join(at, `${script.dataset}.csv`),
      MEZZ_TARGET: script.target,
      MEZZ_TASK: script.task,
      MEZZ_OUTPUT: output,
      MEZZ_PARAMETERS: JSON.stringify(script.parameters),
    },
  }

  /** Whole, or not at all. */
  async function lay(to: string): Promise<void> {
    const half = join(dirname(to), `.${basename(to)}`)
    await rm(half, { recursive: true, force: true })
    await mkdir(half, { recursive: true })
    await fetch(script.files, join(half, 'script.tar'))
    await unpackScript(join(half, 'script.tar'), join(half, 'script'))
    await fetch(script.table, join(half, 'script', dirname(script.entry), `${script.dataset}.csv`))
    await fetch(script.contract, join(half, 'contract.json'))
    if (script.state) await fetch(script.state, join(half, 'state'))
    await rename(half, to)
  }
  async function fetch({ name: object, bytes }: ObjectRef, file: string): Promise<void> {
    const found = await objects.read(object)
    if (found?.bytes !== bytes) throw new PlatformError('not_found', `the object ${object} of ${name} is not there`)
    await pipeline(found.body, createWriteStream(file))
  }
}
