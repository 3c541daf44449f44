import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod } from 'node:fs/promises'
import { text } from 'node:stream/consumers'
import { PlatformError } from '../../runtime/errors.ts'
import type { PostgresProgram } from './postgres-program.ts'

/** `nobody`, which every Linux has in its user table: initdb wants its user named there. */
const NOBODY = 65534

/** How a program that refuses root is started here, and who must own its files. */
export interface PostgresUser {
  readonly name: string
  /** The owner of PostgreSQL's files. */
  readonly owner: number
  /** Whether folders above its own must let others through. */
  readonly needsPassage: boolean
  /** What goes before the command; it becomes the command, so that the process id stays. */
  readonly before: readonly string[]
  readonly identity: { readonly uid?: number; readonly gid?: number }
}

export interface Command {
  readonly file: string
  readonly args: readonly string[]
  readonly identity: { readonly uid?: number; readonly gid?: number }
}

/** The ways to try, best first. Root: another uid that may still pass private folders; a user namespace; a plain other uid. */
export function postgresUsers(uid = process.getuid?.() ?? NOBODY): readonly PostgresUser[] {
  const own = { owner: uid, needsPassage: false, before: [], identity: {} }
  const namespace = {
    ...own,
    name: 'unshare',
    before: ['unshare', '--user', `--map-user=${NOBODY}`, `--map-group=${NOBODY}`],
  }
  // A user without a name, as some containers have, can still become one in a namespace.
  if (uid !== 0) return [{ ...own, name: 'as it is' }, namespace]
  return [
    { ...own, name: 'setpriv', owner: NOBODY, before: SETPRIV },
    namespace,
    { ...own, name: 'another uid', owner: NOBODY, needsPassage: true, identity: { uid: NOBODY, gid: NOBODY } },
  ]
}

// Without the securebits the server's access() drops the capability again, and it takes its own files for invalid.
const SETPRIV = [
  'setpriv',
  '--securebits=+no_setuid_fixup',
  `--reuid=${NOBODY}`,
  `--regid=${NOBODY}`,
  '--clear-groups',
  '--inh-caps=+dac_override',
  '--ambient-caps=+dac_override',
]

/** The first way in which initdb starts, may run, and gets into the data folder. Found by trying: 30 ms. */
export async function findUser(
  { initdb, environment }: PostgresProgram,
  { path, run: inside }: { readonly path: string; readonly run: string },
  users = postgresUsers(),
): Promise<PostgresUser> {
  const refusals: string[] = []
  for (const user of users) {
    // To pass is not to see: the names in them stay hidden.
    if (user.needsPassage) for (const folder of [path, inside]) await chmod(folder, 0o711)
    // `--show` goes as far as finding its files and asking who it is, and writes nothing.
    const probe = as(user, '/bin/sh', ['-c', 'cd "$1" && exec "$2" --show -D "$1"', 'sh', inside, initdb])
    const { code, output } = await run(probe, environment)
    if (code === 0) return user
    refusals.push(`- ${user.name}: ${output.trim()}`)
  }
  throw new PlatformError(
    'unavailable',
    `PostgreSQL cannot be run here; it refuses root, and needs glibc (Alpine has none). Set DATABASE_URL to a PostgreSQL 16 of your own. Tried:\n${refusals.join('\n')}`,
  )
}

/** A command in the way of a user. */
export function as(user: PostgresUser, file: string, args: readonly string[]): Command {
  const [first = file, ...rest] = [...user.before, file, ...args]
  return { file: first, args: rest, identity: user.identity }
}

/** Runs a command to its end; `code` is null where it could not be started or was killed, and `output` says so. */
export async function run(
  { file, args, identity }: Command,
  environment: Readonly<Record<string, string>>,
): Promise<{ code: number | null; output: string }> {
  try {
    const child = spawn(file, args, {
      cwd: '/',
      env: { ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
      ...identity,
    })
    const [out, err] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
    return { code: child.exitCode, output: `${out}${err}${child.signalCode ?? ''}` }
  } catch (error) {
    return { code: null, output: String(error) }
  }
}
