import type { FileHandle } from 'node:fs/promises'
import { open, readFile, rename, stat } from 'node:fs/promises'

/** Bytes from which a start puts the log aside, in place of the one before. */
const LARGE = 16 * 1024 * 1024
const LINES = 20

export interface Log {
  readonly file: FileHandle
  /** The last lines that were added since it was opened. */
  tail(): Promise<string>
}

/** Opens a log to add to. */
export async function openLog(path: string): Promise<Log> {
  const file = await open(path, 'a', 0o600)
  const { size } = await file.stat()
  return {
    file,
    async tail() {
      const added = (await readFile(path)).subarray(size).toString('utf8')
      return added.trimEnd().split('\n').slice(-LINES).join('\n')
    },
  }
}

/** Puts a large log aside, as `<path>.1`. */
export async function turnLog(path: string): Promise<void> {
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null
    throw error
  })
  if (found && found.size > LARGE) await rename(path, `${path}.1`)
}
