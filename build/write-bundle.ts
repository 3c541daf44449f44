import { mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Built } from './bundle.ts'

/** Writes a bundle in place of what lies in the folder; answers with the file that starts it. */
export async function writeBundle({ files }: Built, folder: string): Promise<string> {
  const draft = `${folder}.draft`
  await rm(draft, { recursive: true, force: true })
  for (const [path, bytes] of files) {
    await mkdir(dirname(join(draft, path)), { recursive: true })
    await writeFile(join(draft, path), bytes)
  }
  await rm(folder, { recursive: true, force: true })
  await rename(draft, folder)
  return join(folder, 'index.mjs')
}
