import { spawnSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { ScriptFile } from '../../../../functions/train/scripts/tar.ts'
import { writeTar } from '../../../../functions/train/scripts/tar.ts'
import { childProcesses } from '../../../../runtime/adapters/child-processes.ts'
import { folderObjects } from '../../../../runtime/adapters/folder.ts'
import type { AttemptEnd } from '../../../../runtime/launcher.ts'
import { readBytes } from '../../../../runtime/read-object.ts'

const PROGRAM = fileURLToPath(new URL('../../../../functions/train/script/main.ts', import.meta.url))
const found = spawnSync('python3', ['--version'], { encoding: 'utf8' })

/** Says why tests that need an interpreter are skipped. */
export const withoutPython = found.status === 0 ? false : 'no python3 here'

/** Files of a script from texts. */
export function files(texts: Readonly<Record<string, string>>): ScriptFile[] {
  return Object.entries(texts).map(([path, text]) => ({ path, bytes: Buffer.from(text) }))
}

export interface JobOptions {
  readonly table?: string
  readonly entry?: string
  readonly runtime?: 'python' | 'node'
  readonly parameters?: Readonly<Record<string, unknown>>
  readonly target?: string
  readonly task?: 'classification' | 'regression'
  readonly timeout?: number
  readonly cache?: string
  /** Of the launcher's own process, for installers alone. */
  readonly installer?: Readonly<Record<string, string>>
  readonly signal?: AbortSignal
  /** Where programs are looked for. */
  readonly path?: string
  line?(text: string): void
}

export interface Job {
  readonly end: AttemptEnd
  readonly lines: readonly string[]
  /** The outputs' texts. */
  readonly outputs: Readonly<Record<string, string>>
  readonly graph: Uint8Array | undefined
}

/** Runs a script as the engine does, on a table of CSV text `numbers`; by default as a regression of `y`. */
export async function runScript(script: readonly ScriptFile[], options: JobOptions = {}): Promise<Job> {
  const { table = 'a,b,y\n1,2,3\n', entry = 'train.py', parameters = {}, timeout } = options
  const folder = await mkdtemp(join(tmpdir(), 'mezz-script-'))
  const objects = folderObjects(join(folder, 'objects'))
  const launcher = childProcesses({
    objects,
    folder: join(folder, 'jobs'),
    node: process.execPath,
    cache: options.cache ?? join(folder, 'cache'),
    resolve: () => ({
      command: [process.execPath, '--conditions=mezz-source', '--disable-warning=ExperimentalWarning', PROGRAM],
      environment: {
        MEZZ_INSTALLER: JSON.stringify(options.installer ?? {}),
        ...(options.path === undefined ? {} : { PATH: options.path }),
      },
    }),
  })
  const lines: string[] = []
  const { target = 'y', task = 'regression' } = options
  const settings = { dataset: 'numbers', target, task, parameters, holdout: 0.2, entry }
  const request = {
    program: 'script',
    inputs: { TABLE: await objects.put(Buffer.from(table)), SCRIPT: await objects.put(writeTar(script)) },
    environment: { SETTINGS: JSON.stringify({ ...settings, runtime: options.runtime ?? 'python' }) },
    ...(timeout === undefined ? {} : { timeout }),
  }
  try {
    const end = await launcher.run(
      { job: 'j', owner: 'train', attempt: 1, request },
      {
        signal: options.signal ?? new AbortController().signal,
        line(text) {
          lines.push(text)
          options.line?.(text)
        },
      },
    )
    const refs = end.state === 'succeeded' ? Object.entries(end.outputs) : []
    const bytes = refs.map(async ([name, ref]) => {
      return [name, Buffer.from(await readBytes(objects, ref))] as const
    })
    const outputs = new Map(await Promise.all(bytes))
    const texts = [...outputs].map(([name, whole]) => [name, whole.toString()])
    return { end, lines, outputs: Object.fromEntries(texts), graph: outputs.get('model.onnx') }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Why an attempt failed; empty when it did not. */
export function errorOf({ end }: Job): string {
  return end.state === 'failed' ? end.error : ''
}
