import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before } from 'node:test'
import { backUp } from '../../build/local/backup.ts'
import { restore } from '../../build/local/restore.ts'
import { folderObjects } from '../../runtime/adapters/folder.ts'
import { readEnvironment } from '../../runtime/env.ts'
import { on, query } from './fixture/on-postgres.ts'

/** A data folder with one row and two objects, and its backup in each form, made before the tests of the file and gone after them. */
export function sample() {
  const root = mkdtempSync(join(tmpdir(), 'backup-'))
  const [data, tar, packed, folder] = [
    join(root, 'data'),
    join(root, 'all.tar'),
    join(root, 'all.tar.gz'),
    join(root, 'all'),
  ] as const
  before(async () => {
    await on(data, (url) => query(url, 'create table kept (n int primary key); insert into kept values (1)'))
    const objects = folderObjects(join(data, 'objects'))
    await objects.put(bytes('a blob'))
    await objects.write(`scripts/${'ß'.repeat(100)}`, bytes('a long name'))
    for (const out of [tar, packed, folder]) await back(data, out)
  })
  after(() => rmSync(root, { recursive: true, maxRetries: 5 }))
  return { root, data, tar, packed, folder, fresh: () => mkdtempSync(join(root, 'case-')) }
}

/** What a backup and a restore are given beside their places. */
export const common = () => ({
  environment: readEnvironment({}),
  signal: new AbortController().signal,
  progress: () => undefined,
})

export const back = (data: string, out: string) => backUp({ ...common(), data, out })
export const bring = (backup: string, data: string) => restore({ ...common(), backup, data })

/** Permissions, octal. */
export const mode = (path: string) => (statSync(path).mode & 0o777).toString(8)

const bytes = (text: string) => new TextEncoder().encode(text)
