import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { BLOBS, isPlainStep } from '../object-name.ts'
import { nullIfGone } from './folder-errors.ts'
import type { Places } from './folder-places.ts'
import { FILES, FOLDERS } from './folder-places.ts'

interface Wanted {
  readonly prefix: string
  /** Names up to and with this one are passed over. */
  readonly after: string
}

interface Found {
  readonly name: string
  readonly path: string
}

interface Entry extends Found {
  /** What the entry's names begin with (a folder's end in `/`), as bytes. */
  readonly order: Buffer
  readonly isFolder: boolean
}

/** The names in a store that begin so, in the order of their UTF-8 bytes, found as they are asked for. */
export async function* listNames(store: Places, wanted: Wanted): AsyncGenerator<Found> {
  yield* walk(store, store.names, '', wanted)
}

async function* walk(store: Places, folder: string, base: string, wanted: Wanted): AsyncGenerator<Found> {
  if (base === BLOBS) return yield* blobs(store, wanted)

  const rest = wanted.prefix.slice(base.length)
  const slash = rest.indexOf('/')
  if (slash >= 0) {
    const step = rest.slice(0, slash)
    if (isPlainStep(step)) yield* walk(store, join(folder, FOLDERS, step), `${base}${step}/`, wanted)
    return
  }

  const entries = [
    ...(await read(join(folder, FILES))).map((step) => entry(join(folder, FILES, step), base + step)),
    ...(await read(join(folder, FOLDERS))).map((step) => entry(join(folder, FOLDERS, step), `${base}${step}/`)),
    ...(base === '' ? [entry(store.blobs, BLOBS)] : []),
  ].filter(({ name }) => name.startsWith(wanted.prefix) && mayFollow(name, wanted.after))

  for (const { name, path, isFolder } of entries.sort((a, b) => Buffer.compare(a.order, b.order))) {
    if (isFolder) yield* walk(store, path, name, wanted)
    else yield { name, path }
  }
}

async function* blobs(store: Places, { prefix, after }: Wanted): AsyncGenerator<Found> {
  for (const part of (await read(store.blobs)).sort()) {
    const start = BLOBS + part
    if (!(start.startsWith(prefix) || prefix.startsWith(start)) || after.slice(0, start.length) > start) continue
    for (const digest of (await read(join(store.blobs, part))).sort()) {
      const name = BLOBS + digest
      if (name.startsWith(prefix) && name > after) yield { name, path: join(store.blobs, part, digest) }
    }
  }
}

function entry(path: string, name: string): Entry {
  return { path, name, order: Buffer.from(name), isFolder: name.endsWith('/') }
}

/** Whether this object, or one in this folder, comes after that name. */
function mayFollow(name: string, after: string): boolean {
  return Buffer.compare(Buffer.from(name), Buffer.from(after)) > 0 || (name.endsWith('/') && after.startsWith(name))
}

async function read(folder: string): Promise<string[]> {
  return (await readdir(folder).catch(nullIfGone)) ?? []
}
