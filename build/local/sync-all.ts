import { syncFolder } from './write-file.ts'

/** As many as Node's own threads: what syncs at the same time shares a write of the file system's journal. */
const AT_ONCE = 4

/** Makes files and folders survive a power cut: for many small ones a quarter of the time of one after the other. */
export async function syncAll(paths: readonly string[]): Promise<void> {
  const left = paths.values()
  const work = async (): Promise<void> => {
    for (const path of left) await syncFolder(path)
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work))
}
