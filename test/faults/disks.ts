import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Mounts a file system of so many MiB, in memory, on a folder; answers with what takes it away again. */
export function mountDisk(path: string, mebibytes: number): () => void {
  mkdirSync(path, { recursive: true, mode: 0o700 })
  run('mount', '-t', 'tmpfs', '-o', `size=${mebibytes}m,mode=700`, 'tmpfs', path)
  return () => run('umount', '-l', path)
}

/** Whether this user may mount file systems. */
export function canMount(): boolean {
  const path = mkdtempSync(join(tmpdir(), 'mezz-faults-mount-'))
  try {
    mountDisk(path, 1)()
    return true
  } catch {
    return false
  } finally {
    rmdirSync(path)
  }
}

function run(command: string, ...args: readonly string[]): void {
  const { status, stderr, error } = spawnSync(command, args, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${error?.message ?? stderr}`)
}
