import { mkdirSync, mkdtempSync, renameSync, rmSync, statSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'

const CACHE = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'mezz-test')

/** A folder outside the tree, made once for its name and kept between runs: `make` fills it, whole or not at all; whoever comes second keeps the first one's. */
export function kept(name: string, make: (folder: string) => void): string {
  const folder = join(CACHE, name)
  if (exists(folder)) return folder
  mkdirSync(CACHE, { recursive: true })
  const making = mkdtempSync(join(CACHE, 'making-'))
  try {
    make(making)
    try {
      renameSync(making, folder)
    } catch (error) {
      if (!exists(folder)) throw error
    }
    return folder
  } finally {
    rmSync(making, { recursive: true, force: true })
  }
}

function exists(folder: string): boolean {
  return statSync(folder, { throwIfNoEntry: false }) !== undefined
}
