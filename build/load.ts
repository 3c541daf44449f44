import { createHash } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { SourceMap } from 'node:module'
import { tmpdir } from 'node:os'
import { join, relative, resolve, sep } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Fault } from '../runtime/errors.ts'
import { PlatformError } from '../runtime/errors.ts'
import { bundleToImport } from './bundle.ts'
import { PACKAGE, SOURCES } from './layout.ts'
import { tryModule } from './try-module.ts'

const loaded = new Map<string, unknown>()

/** The default export of a source file as it is now (and the files it imports as they are now); `unprocessable` with file and line when it does not load. */
export async function loadDefault(file: string): Promise<unknown> {
  const { code, map } = await bundleToImport(file)
  const digest = createHash('sha256').update(file).update(code).digest('hex')
  if (!loaded.has(digest)) loaded.set(digest, await importText(code, map, file))
  return loaded.get(digest)
}

async function importText(code: string, map: string, file: string): Promise<unknown> {
  const folder = await mkdtemp(join(tmpdir(), 'mezz-load-'))
  const copy = join(folder, 'module.mjs')
  try {
    await writeFile(copy, code)
    const { href } = pathToFileURL(copy)
    if (!file.startsWith(join(SOURCES, sep))) await tryModule(href)
    const module: { readonly default?: unknown } = await import(href)
    return module.default
  } catch (cause) {
    const fault: Fault = {
      pointer: placeOf(cause, copy, map) ?? relative(process.cwd(), file),
      reason: cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause),
    }
    throw new PlatformError('unprocessable', `${fault.pointer}: ${fault.reason}`, { errors: [fault], cause })
  } finally {
    await rm(folder, { recursive: true })
  }
}

/** The line of the source from which an error of the copy came. */
function placeOf(error: unknown, copy: string, map: string): string | null {
  const stack = error instanceof Error ? (error.stack ?? '') : ''
  const at = stack.indexOf(`${copy}:`)
  const [, line, column] = at < 0 ? [] : (/^:(\d+)(?::(\d+))?/.exec(stack.slice(at + copy.length)) ?? [])
  if (!line) return null
  const entry = new SourceMap(JSON.parse(map)).findEntry(Number(line) - 1, Number(column ?? 1) - 1)
  if (!('originalSource' in entry)) return null
  return `${relative(process.cwd(), resolve(PACKAGE, entry.originalSource))}:${entry.originalLine + 1}`
}
