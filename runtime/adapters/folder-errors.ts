import { PlatformError, unavailable } from '../errors.ts'

/** For a catch: what is not there is `null`, every other error stays one. */
export function nullIfGone(error: unknown): null {
  if (codeOf(error) === 'ENOENT') return null
  throw error
}

/** Whether a folder could not be removed because something lies in it. */
export function isNotEmpty(error: unknown): boolean {
  return ['ENOTEMPTY', 'EEXIST'].includes(codeOf(error))
}

/** For a catch: what the file system refuses (no space, no permission, no folder) is `unavailable`. */
export function failed(error: unknown): never {
  throw error instanceof PlatformError ? error : unavailable('the object folder', error)
}

/** The system's name of an error (`ENOENT`); empty for an error of another kind. */
export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : ''
}
