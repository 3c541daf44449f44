import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { open, rename, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { duckdbTables } from './adapters/duckdb.ts'
import { nullIfGone } from './adapters/folder-errors.ts'
import { onnxruntimeModels } from './adapters/onnxruntime.ts'
import type { Models, ObjectRef, Objects, Tables } from './ports.ts'

// Ports for the program of a job, which has files in the place of objects: those laid down for it, and its output folder.

export interface ProgramTablesOptions {
  /** Where sessions keep their files while they last. */
  readonly folder: string
  /** What a session stores lies here, named by its digest. */
  readonly output: string
  /** What a session's database may hold in memory: `200MB`. */
  readonly memoryLimit: string
}

/** SQL over the files of this machine, each named by its path (`fileRef`). */
export function programTables({ output, ...options }: ProgramTablesOptions): Tables {
  return duckdbTables({ ...options, objects: { read, put: (body) => put(body, output) } })
}

/** ONNX graphs in this process; `close` gives all sessions back. */
export function programModels(): Models & { close(): Promise<void> } {
  return onnxruntimeModels()
}

/** A file as a table's part: its digest was checked when it was laid down. */
export function fileRef(path: string): ObjectRef {
  return { name: path, sha256: '', bytes: 0 }
}

const read: Objects['read'] = async (path) => {
  const found = await stat(path).catch(nullIfGone)
  return found && { bytes: found.size, body: createReadStream(path) }
}

async function put(body: Parameters<Objects['put']>[0], output: string): Promise<ObjectRef> {
  const hash = createHash('sha256')
  const growing = join(output, 'growing')
  let bytes = 0
  {
    await using file = await open(growing, 'wx')
    for await (const chunk of body instanceof Uint8Array ? [body] : body) {
      hash.update(chunk)
      bytes += chunk.byteLength
      await file.writeFile(chunk)
    }
  }
  const sha256 = hash.digest('hex')
  await rename(growing, join(output, sha256))
  return { name: sha256, sha256, bytes }
}
