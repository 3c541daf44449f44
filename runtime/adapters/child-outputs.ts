import { createReadStream } from 'node:fs'
import { lstat, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { PlatformError } from '../errors.ts'
import { checkObjectName, isPlainStep } from '../object-name.ts'
import type { ObjectRef, Objects } from '../ports.ts'

export interface OutputLimits {
  readonly files: number
  readonly bytes: number
}

interface Output {
  /** Relative, with `/` between its steps. */
  readonly path: string
  readonly file: string
  readonly bytes: number
}

/** Stores every file below a folder as `<name>/<relative path>`; answers with the objects by that path. What cannot be stored is `unprocessable`, and then nothing is. */
export async function storeOutputs(
  objects: Objects,
  folder: string,
  { name, limits, signal }: { readonly name: string; readonly limits: OutputLimits; readonly signal: AbortSignal },
): Promise<Record<string, ObjectRef>> {
  const outputs = await find(folder, '')
  const bytes = outputs.reduce((sum, output) => sum + output.bytes, 0)
  if (outputs.length > limits.files) throw fault(`are ${outputs.length} files, and ${limits.files} are allowed`)
  if (bytes > limits.bytes) throw fault(`have ${bytes} bytes, and ${limits.bytes} are allowed`)
  for (const { path } of outputs) checkObjectName(`${name}/${path}`)

  const refs: Record<string, ObjectRef> = {}
  for (const { path, file } of outputs) {
    signal.throwIfAborted()
    refs[path] = await objects.write(`${name}/${path}`, createReadStream(file))
  }
  return refs
}

async function find(folder: string, base: string): Promise<Output[]> {
  const outputs: Output[] = []
  for (const step of (await readdir(folder)).sort()) {
    const path = base + step
    const file = join(folder, step)
    // Node shows a name that is not UTF-8 with this character, and then does not find it.
    if (!isPlainStep(step) || step.includes('\ufffd'))
      throw fault(`hold ${JSON.stringify(path)}, which cannot be a name`)
    const found = await lstat(file)
    if (found.isDirectory()) outputs.push(...(await find(file, `${path}/`)))
    else if (found.isFile()) outputs.push({ path, file, bytes: found.size })
    else throw fault(`hold ${JSON.stringify(path)}, which is no file but a link or a device`)
  }
  return outputs
}

function fault(reason: string): PlatformError {
  return new PlatformError('unprocessable', `its outputs ${reason}`)
}
