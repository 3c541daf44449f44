import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import { PlatformError } from 'mezz/errors'
import type { ScriptFile } from './tar.ts'
import { isTar, readTar, writeTar } from './tar.ts'

export interface Limits {
  readonly sent: number
  readonly unpacked: number
  readonly files: number
}

export const LIMITS: Limits = { sent: 32 * 2 ** 20, unpacked: 64 * 2 ** 20, files: 2000 }

/** What a script is to be started by, in this order, where its sender did not say. */
const ENTRIES = ['train.py', 'main.py', 'train.ts', 'train.mjs', 'train.js', 'main.ts', 'main.mjs', 'main.js']
const ENDING = /\.(py|ts|mjs|cjs|js)$/

/** A script as it is kept: the same files in whatever archive give the same bytes. */
export interface TakenScript {
  readonly entry: string
  readonly files: readonly { readonly path: string; readonly bytes: number }[]
  /** A plain tar. */
  readonly archive: Uint8Array
}

/** Reads what was sent: one file, or a tar of several, also gzipped. `unprocessable` says what no script can be made of. */
export async function takeScript(
  sent: Uint8Array,
  entry: string | undefined,
  limits: Limits = LIMITS,
): Promise<TakenScript> {
  const bytes = isGzip(sent) ? await unzip(sent, limits.unpacked) : sent
  const files = isTar(bytes) ? readTar(bytes).map(plain).filter(isWanted) : [{ path: entry ?? 'train.py', bytes }]
  demand(files, limits)
  const chosen = entry === undefined ? entryOf(files) : plain({ path: entry, bytes }).path
  if (!files.some(({ path }) => path === chosen)) {
    throw refused(`there is no ${chosen} among its files: ${told(files)}`, '/entry')
  }
  if (files.some(({ path, bytes: text }) => path === chosen && text.includes(0))) {
    throw refused(`${chosen} is no text`, '/entry')
  }
  if (!ENDING.test(chosen)) throw refused(`${chosen} is no Python or Node program by its ending`, '/entry')
  return {
    entry: chosen,
    files: files.map(({ path, bytes: { length } }) => ({ path, bytes: length })),
    archive: writeTar(files),
  }
}

/** The program by which the file of this ending is run. */
export function runtimeOf(path: string): 'python' | 'node' {
  return path.endsWith('.py') ? 'python' : 'node'
}

function entryOf(files: readonly ScriptFile[]): string {
  const [only] = files
  if (only && files.length === 1) return only.path
  const found = ENTRIES.find((name) => files.some(({ path }) => path === name))
  if (found) return found
  throw refused(`which of its files is to be started? Say it by ?entry=, as in ?entry=${only?.path}`, '/entry')
}

/** `./a//b` is `a/b`; what leads out of the folder is refused. */
function plain({ path, bytes }: ScriptFile): ScriptFile {
  const steps = path.split('/').filter((step) => step !== '' && step !== '.')
  const odd = path.startsWith('/') || steps.length === 0 || steps.some((step) => step === '..' || isOdd(step))
  if (odd) throw refused(`${JSON.stringify(path)} is no path within a folder`, '/entry')
  return { path: steps.join('/'), bytes }
}

function isOdd(step: string): boolean {
  return /[\\\p{Cc}\ufffd]/u.test(step) || Buffer.byteLength(step) > 255
}

/** What archivers and interpreters leave beside the files that were meant. */
function isWanted({ path }: ScriptFile): boolean {
  return !/(^|\/)(\._|__pycache__\/|\.git\/)/.test(path)
}

function demand(files: readonly ScriptFile[], limits: Limits): void {
  if (files.length === 0) throw refused('it holds no file', '')
  if (files.length > limits.files) throw large(`${files.length} files, ${limits.files} are taken at most`)
  const sum = files.reduce((bytes, file) => bytes + file.bytes.length, 0)
  if (sum === 0) throw refused('it is empty', '')
  if (sum > limits.unpacked) throw large(`${sum} bytes, ${limits.unpacked} are taken at most`)
  const paths = files.map(({ path }) => path)
  const twice = paths.find((path, at) => paths.indexOf(path) !== at)
  if (twice !== undefined) throw refused(`${twice} is in it twice`, '')
}

async function unzip(sent: Uint8Array, most: number): Promise<Uint8Array> {
  try {
    return await promisify(gunzip)(sent, { maxOutputLength: 2 * most })
  } catch (cause) {
    if (cause instanceof RangeError) throw large(`more than ${2 * most} bytes out of gzip`)
    throw new PlatformError('unprocessable', 'the body is no whole gzip stream', { cause })
  }
}

function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b
}

function told(files: readonly ScriptFile[]): string {
  const names = files.map(({ path }) => path)
  return names.length > 10 ? `${names.slice(0, 10).join(', ')} and ${names.length - 10} more` : names.join(', ')
}

function refused(reason: string, pointer: string): PlatformError {
  return new PlatformError('unprocessable', `this is no script: ${reason}`, { errors: [{ pointer, reason }] })
}

function large(found: string): PlatformError {
  return new PlatformError('too_large', `the script has ${found}`)
}
