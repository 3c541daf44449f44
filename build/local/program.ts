import { basename, dirname } from 'node:path'
import type { CommandDefinition } from '../../runtime/define.ts'
import { quantity } from '../../runtime/quantity.ts'

/** What the platform reads of a declaration. */
export type Declared = Pick<CommandDefinition, 'name' | 'scope' | 'scale' | 'resources' | 'timeout'>

/** What a function's processes run: the entry file of a bundle, or a command in a folder; with the whole of their environment. */
export interface Program {
  readonly definition: Declared
  readonly run: { readonly bundle: string } | { readonly command: readonly [string, ...string[]]; readonly cwd: string }
  readonly env: Readonly<Record<string, string>>
}

/** A declaration with nothing left open; times in milliseconds, memory in bytes. */
export interface Limits {
  readonly min: number
  readonly max: number
  readonly concurrency: number
  readonly idle: number
  readonly memory: number
  readonly timeout: number
}

export function limitsOf({ scale, resources, timeout = 60 }: Declared, idle: number): Limits {
  return {
    min: scale?.min ?? 0,
    max: scale?.max ?? Math.max(5, scale?.min ?? 0),
    concurrency: scale?.concurrency ?? 20,
    idle: scale?.idle === undefined ? idle : scale.idle * 1000,
    memory: quantity(resources?.memory ?? '512Mi'),
    timeout: timeout * 1000,
  }
}

/** The digest of a bundle, which is the name of its folder. */
export function versionOf({ run }: Program): string | undefined {
  return 'bundle' in run ? basename(dirname(run.bundle)) : undefined
}

/** The command line of a program, and the folder that it runs in. */
export function commandLine(
  { run }: Program,
  memory: number,
): { readonly command: readonly [string, ...string[]]; readonly cwd: string } {
  if ('command' in run) return run
  // The rest is for what lies outside V8's heap: buffers, DuckDB, ONNX.
  const heap = `--max-old-space-size=${Math.floor((memory * 0.7) / 2 ** 20)}`
  return { command: [process.execPath, heap, run.bundle], cwd: dirname(run.bundle) }
}
