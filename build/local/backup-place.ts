import { realpath } from 'node:fs/promises'
import { basename, dirname, join, relative, resolve, sep } from 'node:path'
import type { Environment } from '../../runtime/env.ts'
import { PlatformError } from '../../runtime/errors.ts'

/** The real path of what need not be there, in a folder that must. */
export async function placeOf(asked: string): Promise<string> {
  const path = resolve(asked)
  return realpath(path).catch(async (error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error
    const parent = await realpath(dirname(path)).catch((cause: NodeJS.ErrnoException) => {
      if (cause.code !== 'ENOENT') throw cause
      throw new PlatformError('not_found', `there is no folder ${dirname(path)}: make it first`)
    })
    return join(parent, basename(path))
  })
}

/** Whether a real path is this folder or lies below it. */
export function isInside(folder: string, path: string): boolean {
  const way = relative(folder, path)
  return way !== '..' && !way.startsWith(`..${sep}`)
}

/** Refuses where the environment says that not all is kept in the data folder. */
export function demandEmbedded({ DATABASE_URL, KAFKA_BROKERS, OBJECTS_FOLDER, S3_ENDPOINT }: Environment): void {
  const elsewhere = [
    ...(DATABASE_URL === undefined ? [] : ['DATABASE_URL']),
    ...(KAFKA_BROKERS === undefined ? [] : ['KAFKA_BROKERS']),
    ...(OBJECTS_FOLDER === undefined ? [] : ['OBJECTS_FOLDER']),
    ...(S3_ENDPOINT === undefined ? [] : ['S3_ENDPOINT']),
  ]
  if (elsewhere.length === 0) return
  throw new PlatformError(
    'invalid_input',
    `by ${elsewhere.join(' and ')} not everything lies in the data folder: back that up by its own tools (pg_dump for a database, a mirror for a bucket), or unset the variable`,
  )
}
