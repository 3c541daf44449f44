import { createHash } from 'node:crypto'
import { mkdir, open } from 'node:fs/promises'
import { extname, join } from 'node:path'
import { PlatformError } from '../errors.ts'
import type { JobRequest, ObjectRef, Objects } from '../ports.ts'

/** Lays objects down as files of a folder, named after their variables; answers with each variable's path. What is missing or is not what was meant is `unprocessable`. */
export async function layInputs(
  objects: Objects,
  inputs: JobRequest['inputs'],
  { folder, signal }: { readonly folder: string; readonly signal: AbortSignal },
): Promise<Record<string, string>> {
  await mkdir(folder)
  const paths: Record<string, string> = {}
  for (const [variable, ref] of Object.entries(inputs)) {
    const ending = /^\.\w{1,16}$/.exec(extname(ref.name))?.[0] ?? ''
    if (!/^[A-Za-z_]\w{0,127}$/.test(variable)) throw fault(variable, 'has a name that no variable can have')
    paths[variable] = join(folder, variable + ending)
    await lay(objects, ref, { variable, path: paths[variable], signal })
  }
  return paths
}

async function lay(
  objects: Objects,
  ref: ObjectRef,
  { variable, path, signal }: { readonly variable: string; readonly path: string; readonly signal: AbortSignal },
): Promise<void> {
  const found = await objects.read(ref.name)
  if (!found) throw fault(variable, `is missing: there is no object ${ref.name}`)
  const hash = createHash('sha256')
  await using file = await open(path, 'wx', 0o444)
  for await (const chunk of found.body) {
    signal.throwIfAborted()
    hash.update(chunk)
    await file.writeFile(chunk)
  }
  if (hash.digest('hex') !== ref.sha256) throw fault(variable, `is not what was meant: ${ref.name} has another digest`)
}

function fault(variable: string, reason: string): PlatformError {
  return new PlatformError('unprocessable', `the input ${variable} ${reason}`)
}
