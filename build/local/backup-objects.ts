import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { places } from '../../runtime/adapters/folder-places.ts'
import type { Recorder } from './backup-recorder.ts'
import { walk } from './backup-walk.ts'

/** Objects that were copied, each with what tells another content of that name. */
export type Copied = Map<string, string>

interface Marks {
  readonly ino: number
  readonly mtimeMs: number
}

/**
 * Copies the objects that were not copied yet. Done before the database, and again after it: what a row names was stored before
 * the row, so the second time finds all that the first did not; and what the first has found may be deleted meanwhile.
 */
export async function copyObjects(objects: string, recorder: Recorder, copied: Copied): Promise<void> {
  const { blobs, names } = places(objects)
  for await (const { path, kind } of walk(blobs)) {
    if (kind === 'folder' || copied.has(`blobs/${path}`)) continue
    // One that is stored again has the same bytes.
    if (await recorder.copy(join(blobs, path), `objects/blobs/${path}`)) copied.set(`blobs/${path}`, '')
  }
  for await (const { path, kind } of walk(names)) {
    if (kind === 'folder') continue
    const found = await stat(join(names, path)).catch(() => null)
    if (!found || copied.get(`names/${path}`) === content(found)) continue
    const stored = await recorder.copy(join(names, path), `objects/names/${path}`)
    if (stored) copied.set(`names/${path}`, content(stored))
  }
}

/** A new content is a new file, moved into the place of the old one. */
function content({ ino, mtimeMs }: Marks): string {
  return `${ino} ${mtimeMs}`
}
