import { randomUUID } from 'node:crypto'
import { appendFile, lchown, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { PlatformError } from '../../runtime/errors.ts'
import type { PostgresProgram } from './postgres-program.ts'
import type { PostgresUser } from './postgres-user.ts'
import { as, run } from './postgres-user.ts'
import { syncFolder } from './write-file.ts'

const MAJOR = '16'
const MAKING = '.making-'

export interface ClusterOptions {
  readonly program: PostgresProgram
  readonly user: PostgresUser
  /** The superuser's. */
  readonly password: string
  /** File that the program's words are added to. */
  readonly log: string
  /** Whether what is made must survive a power cut. */
  readonly durable: boolean
}

/** Makes PostgreSQL's folder where there is none, all of it or nothing, and gives it to the user that the server runs as. */
export async function prepareCluster(data: string, options: ClusterOptions): Promise<void> {
  const found = await readFile(join(data, 'PG_VERSION'), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null
    throw error
  })
  if (found === null) return create(data, options)
  if (found.trim() !== MAJOR) {
    throw new PlatformError(
      'conflict',
      `${data} was made by PostgreSQL ${found.trim()}; this release brings PostgreSQL ${MAJOR}: name another folder, or move the data by pg_dump`,
    )
  }
  await give(data, options.user.owner)
}

async function create(data: string, { program, user, password, log, durable }: ClusterOptions): Promise<void> {
  const parent = dirname(data)
  const making = `${data}${MAKING}${randomUUID()}`
  const passwordFile = `${making}.password`
  const left = (await readdir(parent)).filter((name) => name.startsWith(`${basename(data)}${MAKING}`))
  for (const name of left) await rm(join(parent, name), { recursive: true, force: true, maxRetries: 5 })
  try {
    await mkdir(making, { mode: 0o700 })
    await writeFile(passwordFile, `${password}\n`, { mode: 0o600 })
    for (const path of [making, passwordFile]) await give(path, user.owner)
    const settings = [
      '--username=postgres',
      '--auth=scram-sha-256',
      '--locale=C',
      '--encoding=UTF8',
      '--no-instructions',
    ]
    const args = ['-D', making, ...settings, `--pwfile=${passwordFile}`, ...(durable ? [] : ['--no-sync'])]
    const { code, output } = await run(as(user, program.initdb, args), program.environment)
    await appendFile(log, output, { mode: 0o600 })
    if (code !== 0) throw new PlatformError('unavailable', `PostgreSQL's folder ${data} could not be made:\n${output}`)
    await rename(making, data)
    if (durable) await syncFolder(parent)
  } finally {
    for (const path of [making, passwordFile]) await rm(path, { recursive: true, force: true })
  }
}

// The folder itself last: a crash between leaves it to be done again.
async function give(path: string, owner: number): Promise<void> {
  const found = await stat(path)
  if (found.uid === owner) return
  const inside = found.isDirectory() ? await readdir(path, { recursive: true }) : []
  for (const name of inside) await lchown(join(path, name), owner, owner)
  await lchown(path, owner, owner)
}
