import { open } from 'node:fs/promises'
import { nullIfGone } from './folder-errors.ts'

/**
 * Makes the entries of a folder durable. Callers who wait at the same time share one fsync; each gets one that began after it asked.
 * A folder that is gone needs none: its removal is an entry of the folder above.
 */
export function folderSyncs(): (folder: string) => Promise<void> {
  const running = new Map<string, Promise<void>>()
  const queued = new Map<string, Promise<void>>()

  return (folder) => {
    const waiting = queued.get(folder)
    if (waiting) return waiting
    const begin = () => {
      queued.delete(folder)
      const run = sync(folder).finally(() => {
        if (running.get(folder) === run) running.delete(folder)
      })
      running.set(folder, run)
      return run
    }
    const next = (running.get(folder) ?? Promise.resolve()).then(begin, begin)
    queued.set(folder, next)
    return next
  }
}

async function sync(folder: string): Promise<void> {
  const handle = await open(folder).catch(nullIfGone)
  try {
    await handle?.sync()
  } finally {
    await handle?.close()
  }
}
