import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { PlatformError } from '../../runtime/errors.ts'

export interface Found {
  /** Relative to where the walk began. */
  readonly path: string
  readonly kind: 'file' | 'folder'
}

/** Everything below a folder, each folder before what lies in it; what goes meanwhile is passed over. Refuses links: what they name lies elsewhere. */
export async function* walk(root: string, below = ''): AsyncGenerator<Found> {
  const entries = await readdir(join(root, below), { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    throw error
  })
  for (const entry of entries) {
    const path = join(below, entry.name)
    if (entry.isDirectory()) {
      yield { path, kind: 'folder' }
      yield* walk(root, path)
    } else if (entry.isFile()) yield { path, kind: 'file' }
    else throw new PlatformError('conflict', `${join(root, path)} is no file and no folder, and cannot be backed up`)
  }
}
