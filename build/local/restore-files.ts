import { createHash } from 'node:crypto'
import { mkdir, open } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { text } from 'node:stream/consumers'
import type { Fault } from '../../runtime/errors.ts'
import { PlatformError } from '../../runtime/errors.ts'
import type { Manifest } from './backup-manifest.ts'
import { MANIFEST, parseManifest } from './backup-manifest.ts'
import { readBackup } from './restore-read.ts'
import { onDisk } from './storage-fault.ts'
import { syncAll } from './sync-all.ts'

/** A manifest has some 150 bytes for each file. */
const LONGEST_MANIFEST = 256 * 1024 * 1024

export interface LayOptions {
  readonly signal: AbortSignal
  /** Files and bytes up to now. */
  heard(files: number, bytes: number): void
}

interface Laid {
  readonly bytes: number
  readonly sha256: string
}

/** Writes the files of a backup into an empty folder, readable by their owner alone and safe on the disk; answers with the manifest, which they have been checked against. */
export async function layFiles(backup: string, folder: string, { signal, heard }: LayOptions): Promise<Manifest> {
  const laid = new Map<string, Laid>()
  const folders = new Set([folder])
  let manifest: Manifest | undefined
  let total = 0
  const onTarget = (work: () => Promise<void>): Promise<void> => onDisk(dirname(folder), work, 'the folder')
  const makeFolder = async (path: string): Promise<void> => {
    if (folders.has(path)) return
    await mkdir(path, { recursive: true, mode: 0o700 })
    for (let one = path; one !== folder; one = dirname(one)) folders.add(one)
  }

  for await (const { path, kind, bytes, body } of readBackup(backup)) {
    signal.throwIfAborted()
    if (path === MANIFEST) {
      if (bytes > LONGEST_MANIFEST)
        throw new PlatformError('unprocessable', `${backup} is damaged: its ${MANIFEST} has ${bytes} bytes`)
      manifest = parseManifest(backup, await text(body))
      continue
    }
    const place = join(folder, plain(backup, path))
    await onTarget(async () => {
      await makeFolder(kind === 'folder' ? place : dirname(place))
      if (kind === 'file') laid.set(path, await write(place, body, signal))
    })
    total += bytes
    heard(laid.size, total)
  }
  if (!manifest) {
    throw new PlatformError(
      'unprocessable',
      `${backup} is cut, or no backup of mezz: it has no ${MANIFEST}, which comes last`,
    )
  }
  demandSame(backup, manifest, laid)
  await onTarget(() => syncAll([...[...laid.keys()].map((path) => join(folder, path)), ...folders]))
  return manifest
}

async function write(place: string, body: AsyncIterable<Uint8Array>, signal: AbortSignal): Promise<Laid> {
  const hash = createHash('sha256')
  let bytes = 0
  const file = await open(place, 'w', 0o600)
  try {
    for await (const chunk of body) {
      signal.throwIfAborted()
      hash.update(chunk)
      bytes += chunk.length
      await file.writeFile(chunk)
    }
  } finally {
    await file.close()
  }
  return { bytes, sha256: hash.digest('hex') }
}

/** A path that stays in its folder. */
function plain(backup: string, path: string): string {
  const isPlain = path.split('/').every((step) => step !== '' && step !== '.' && step !== '..') && !path.includes('\0')
  if (isPlain) return path
  throw new PlatformError('unprocessable', `${backup} is no backup of mezz: it holds ${JSON.stringify(path)}`)
}

function demandSame(backup: string, { files }: Manifest, laid: ReadonlyMap<string, Laid>): void {
  const named = new Set(files.map(({ path }) => path))
  const faults: Fault[] = [
    ...files.flatMap(({ path, bytes, sha256 }) => {
      const found = laid.get(path)
      if (!found) return [{ pointer: path, reason: 'it is missing' }]
      return found.bytes === bytes && found.sha256 === sha256
        ? []
        : [{ pointer: path, reason: 'it is not as it was backed up' }]
    }),
    ...[...laid.keys()]
      .filter((path) => !named.has(path))
      .map((path) => ({ pointer: path, reason: 'it was not backed up' })),
  ]
  const [first] = faults
  if (!first) return
  const more = faults.length > 1 ? `, and ${faults.length - 1} more` : ''
  throw new PlatformError('unprocessable', `${backup} is damaged: ${first.pointer}: ${first.reason}${more}`, {
    errors: faults,
  })
}
