import { mkdir, readdir, readFile, realpath } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import * as z from 'zod'
import { PlatformError } from '../../runtime/errors.ts'
import { claim } from './folder-lock.ts'
import { secretsFile } from './secrets-file.ts'
import { onDisk } from './storage-fault.ts'
import { writeWhole } from './write-file.ts'

/** Raised when a release cannot read what an older one wrote. */
export const DATA_FORMAT = 1
const Format = z.object({ format: z.int(), writtenBy: z.string() })
const Package = z.object({ version: z.string() })

/** Everything that `mezz dev` keeps, in one private folder that this process alone uses. Paths are real and absolute. */
export interface DataFolder {
  readonly path: string
  /** PostgreSQL's own folder: it is there after the first start. */
  readonly postgres: string
  readonly objects: string
  /** What a start makes anew: links, sockets. */
  readonly run: string
  readonly jobs: string
  /** What jobs keep for each other; it may be removed while none runs. */
  readonly cache: string
  readonly logs: string
  /** What serves models here. */
  readonly workloads: string
  /** A random password by name: made when first asked for, the same ever after. */
  secret(name: string): Promise<string>
  /** Lets another process have the folder. */
  close(): Promise<void>
}

/** Opens a data folder, made (0700) where there is none. Refuses one that another process uses, that another release wrote, or that holds something else. */
export async function openDataFolder(asked: string): Promise<DataFolder> {
  const path = await onDisk(asked, async () => {
    await mkdir(asked, { recursive: true, mode: 0o700 })
    return realpath(asked)
  })
  const lock = await claim(path)
  if (!lock) {
    throw new PlatformError(
      'conflict',
      `another mezz uses the data folder ${path}: stop it first, or name another folder`,
    )
  }
  try {
    const folders = {
      postgres: join(path, 'postgres'),
      objects: join(path, 'objects'),
      run: join(path, 'run'),
      jobs: join(path, 'jobs'),
      cache: join(path, 'cache'),
      logs: join(path, 'logs'),
      workloads: join(path, 'workloads'),
    }
    await onDisk(path, async () => {
      await checkFormat(path)
      for (const folder of [folders.objects, folders.run, folders.jobs, folders.logs]) {
        await mkdir(folder, { recursive: true, mode: 0o700 })
      }
    })
    const secret = secretsFile(join(path, 'secrets.json'))
    return { path, ...folders, secret: (name) => onDisk(path, () => secret(name)), close: () => lock.release() }
  } catch (error) {
    await lock.release()
    throw error
  }
}

async function checkFormat(path: string): Promise<void> {
  const file = join(path, 'format')
  const entries = await readdir(path)
  if (!entries.includes('format')) {
    // What a crash left of the very first write is not somebody else's file.
    const foreign = entries.find((name) => !name.startsWith('.format.'))
    if (foreign !== undefined) {
      throw new PlatformError(
        'conflict',
        `${path} holds something else already (${foreign}) and is no data folder of mezz: name an empty or a new folder`,
      )
    }
    await writeWhole(file, `${JSON.stringify({ format: DATA_FORMAT, writtenBy: `mezz ${version()}` })}\n`)
    return
  }
  demandFormat(path, parseFormat(file, await readFile(file, 'utf8')))
}

/** Refuses a folder (or what was one) that another release wrote. */
export function demandFormat(path: string, { format, writtenBy }: z.infer<typeof Format>): void {
  if (format === DATA_FORMAT) return
  throw new PlatformError(
    'conflict',
    `${path} was written by ${writtenBy} in format ${format}; this is mezz ${version()}, which reads format ${DATA_FORMAT}: use that version for it, or name another folder`,
  )
}

/** Whether it is a data folder of this release, which it only looks at; refuses what is none. */
export async function demandDataFolder(path: string): Promise<void> {
  const file = join(path, 'format')
  const text = await readFile(file, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    if (cause.code !== 'ENOENT' && cause.code !== 'ENOTDIR') throw cause
    throw new PlatformError('not_found', `${path} is no data folder of mezz: name one by --data`)
  })
  demandFormat(path, parseFormat(file, text))
}

function parseFormat(file: string, text: string): z.infer<typeof Format> {
  try {
    return Format.parse(JSON.parse(text))
  } catch (cause) {
    throw new PlatformError('unprocessable', `${file} is damaged: it should say {"format": ${DATA_FORMAT}, …}`, {
      cause,
    })
  }
}

/** Of this package. */
export function version(): string {
  const manifest: unknown = createRequire(import.meta.url)('mezz/package.json')
  return Package.parse(manifest).version
}
