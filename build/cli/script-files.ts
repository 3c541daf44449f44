import { readdir, readFile, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { ScriptFile } from '../../functions/train/scripts/tar.ts'
import { writeTar } from '../../functions/train/scripts/tar.ts'
import { UsageError } from './command.ts'

/** What goes along with a single file: its packages. */
const BESIDE = ['requirements.txt', 'package.json', 'package-lock.json']
const LEFT_OUT = new Set(['node_modules', '__pycache__', 'venv', 'env'])

/** A script of this machine as a tar: a file with the list of its packages beside it, or all that lies in a folder but hidden files, packages and what is derived. */
export async function packScript(path: string): Promise<{ readonly archive: Uint8Array; readonly entry?: string }> {
  const found = await stat(path).catch(() => undefined)
  if (found?.isDirectory()) return { archive: writeTar(await filesOf(path, '')) }
  if (!found?.isFile()) throw new UsageError(`there is no file and no folder ${path}`)
  const entry = basename(path)
  const beside = (await readdir(dirname(path))).filter((name) => BESIDE.includes(name) && name !== entry)
  const files = [entry, ...beside].map(async (name) => ({
    path: name,
    bytes: await readFile(join(dirname(path), name)),
  }))
  return { archive: writeTar(await Promise.all(files)), entry }
}

async function filesOf(folder: string, base: string): Promise<ScriptFile[]> {
  const files: ScriptFile[] = []
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = base + entry.name
    if (entry.name.startsWith('.') || LEFT_OUT.has(entry.name)) continue
    if (entry.isDirectory()) files.push(...(await filesOf(join(folder, entry.name), `${path}/`)))
    else if (entry.isFile()) files.push({ path, bytes: await readFile(join(folder, entry.name)) })
  }
  return files
}
