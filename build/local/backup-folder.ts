import { mkdir, open } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Archive } from './backup-archive.ts'
import { onTarget } from './backup-archive.ts'
import { syncAll } from './sync-all.ts'

/** Writes into a new folder that only its owner may enter. */
export async function openFolder(path: string): Promise<Archive> {
  await mkdir(path, { mode: 0o700 })
  const folders = new Set<string>(['.'])
  const files: string[] = []
  async function make(folder: string): Promise<void> {
    if (folders.has(folder)) return
    await mkdir(join(path, folder), { recursive: true, mode: 0o700 })
    for (let one = folder; one !== '.'; one = dirname(one)) folders.add(one)
  }
  return {
    folder: (folder) => onTarget(path, () => make(folder)),
    async file(name, _bytes, body) {
      const file = await onTarget(path, async () => {
        await make(dirname(name))
        return open(join(path, name), 'w', 0o600)
      })
      try {
        for await (const chunk of body) await onTarget(path, () => file.writeFile(chunk))
        files.push(name)
      } finally {
        await file.close()
      }
    },
    async close() {
      await onTarget(path, () => syncAll([...files, ...folders].map((one) => join(path, one))))
    },
    abandon: async () => undefined,
  }
}
