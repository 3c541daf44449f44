import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'

const EVERY_MS = 200
/** Bytes of a process that lie in RAM, V8's heap and everything outside it; `null` when it is gone. */
export async function residentBytes(pid: number): Promise<number | null> {
  try {
    if (process.platform === 'linux') {
      const [, kib] = /^VmRSS:\s+(\d+) kB$/m.exec(await readFile(`/proc/${pid}/status`, 'utf8')) ?? []
      return kib === undefined ? null : Number(kib) * 1024
    }
    const { stdout } = await promisify(execFile)('ps', ['-o', 'rss=', '-p', String(pid)])
    return Number(stdout) * 1024
  } catch {
    // Both ways of asking fail in their own words when the process has ended.
    return null
  }
}

/** Calls `over` once, when the process holds more than `limit` bytes; answers with the way to stop looking. */
export function watchMemory(pid: number, limit: number, over: (bytes: number) => void): () => void {
  const timer = setInterval(async () => {
    const bytes = await residentBytes(pid)
    if (bytes === null || bytes <= limit) return
    clearInterval(timer)
    over(bytes)
  }, EVERY_MS)
  timer.unref()
  return () => clearInterval(timer)
}
