import { join } from 'node:path'
import { BLOBS } from '../object-name.ts'

/** Objects of one folder lie in its `f`, the folders under it in its `d`: so `a` and `a/b` are both names, of up to 255 bytes a step. */
export const FILES = 'f'
export const FOLDERS = 'd'

/** The folders of a store: blobs, objects by name, and what is being written. */
export interface Places {
  readonly root: string
  readonly blobs: string
  readonly names: string
  readonly writing: string
  /** Blobs about to be removed; readers look here too. */
  readonly aside: string
}

/** Where a store in this folder keeps things. */
export function places(root: string): Places {
  return {
    root,
    blobs: join(root, 'blobs'),
    names: join(root, 'names'),
    writing: join(root, 'writing'),
    aside: join(root, 'aside'),
  }
}

/** The file of an object; the name is known to be plain. */
export function placeOf(store: Places, name: string): string {
  const digest = name.startsWith(BLOBS) ? name.slice(BLOBS.length) : ''
  if (/^[0-9a-f]{64}$/.test(digest)) return join(store.blobs, digest.slice(0, 2), digest)
  const steps = name.split('/')
  const last = steps.pop() ?? ''
  return join(store.names, ...steps.flatMap((step) => [FOLDERS, step]), FILES, last)
}

/** Where a blob lies while it is decided whether it goes; `null` for an object by name. */
export function asideOf(store: Places, name: string): string | null {
  return name.startsWith(BLOBS) ? join(store.aside, name.slice(BLOBS.length)) : null
}
