import { PlatformError } from '../../runtime/errors.ts'

const REASON: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full: free some space',
  EDQUOT: 'the disk quota is used up: free some space',
  EROFS: 'the file system is read-only: name another folder',
  EACCES: 'this user may not write there: name another folder, or give the user the right to it',
  EPERM: 'this user may not write there: name another folder, or give the user the right to it',
  ENOTDIR: 'a file is in the way: name another folder',
  EEXIST: 'a file is in the way: name another folder',
}

/** Runs `work` on a folder; a full disk, a read-only one or a missing right becomes an error that says so and names the folder. */
export async function onDisk<result>(
  folder: string,
  work: () => Promise<result>,
  what = 'the data folder',
): Promise<result> {
  try {
    return await work()
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : ''
    const reason = REASON[code]
    if (reason === undefined) throw error
    throw new PlatformError('unavailable', `cannot write to ${what} ${folder}: ${reason}`, { cause: error })
  }
}
