import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { GIT_ENVIRONMENT } from '../git-look.ts'
import { readTar, writeTar } from '../scripts/tar.ts'
import { ScriptFault } from './fault.ts'
import { runProgram } from './programs.ts'
import type { Settings } from './settings.ts'

/** Lays the files of a script's archive down in a new folder. */
export async function unpackScript(archive: string, folder: string): Promise<void> {
  await mkdir(folder)
  for (const { path, bytes } of readTar(await readFile(archive))) {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), bytes)
  }
}

/** Lays the files of a commit down in a new folder, without its history. */
export async function fetchCommit(
  { url, ref, commit }: NonNullable<Settings['git']>,
  { folder, environment }: { readonly folder: string; readonly environment: Readonly<Record<string, string>> },
): Promise<void> {
  await mkdir(folder)
  const git = async (...args: string[]) => {
    const { exit, said } = await runProgram(['git', '-c', 'advice.detachedHead=false', ...args], {
      folder,
      environment: { ...environment, ...GIT_ENVIRONMENT },
    })
    return exit === 0 ? null : said
  }
  await git('init', '--quiet', '--template=')
  await git('remote', 'add', '--', 'origin', url)
  // A server may refuse to give a commit by its id: then all of the ref is fetched.
  if ((await git('fetch', '--quiet', '--depth=1', '--no-tags', 'origin', commit)) !== null) {
    const said = await git('fetch', '--quiet', '--no-tags', 'origin', ref)
    if (said !== null) throw new ScriptFault(`git could not fetch ${url}: ${said.trim()}`)
  }
  const said = await git('checkout', '--quiet', '--detach', commit)
  if (said !== null) throw new ScriptFault(`git has no commit ${commit} of ${url}: ${said.trim()}`)
  await rm(join(folder, '.git'), { recursive: true })
}

/** Packs the files of a folder (links are left out) as those of a script that was put. */
export async function packFolder(folder: string, archive: string): Promise<void> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name))
  const read = files.map(async (file) => ({ path: relative(folder, file), bytes: await readFile(file) }))
  await writeFile(archive, writeTar(await Promise.all(read)))
}
