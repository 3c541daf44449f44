import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { gzipSync } from 'node:zlib'
import { inheritedEnvironment } from '../../runtime/env.ts'
import { PlatformError } from '../../runtime/errors.ts'
import { createBundler } from '../bundle.ts'
import { insist, readCatalogue } from '../catalogue.ts'
import { entry, sourceOf } from '../entry.ts'
import type { FoundFunction } from '../found.ts'
import { weigh } from '../weigh.ts'
import { writeBundle } from '../write-bundle.ts'
import { columns } from './columns.ts'
import type { Command } from './command.ts'

const STARTS = 3

export const bundle: Command = {
  name: 'bundle',
  usage: '[function…]',
  summary: 'bundles functions into dist/ and says what is in them',
  help: `
Bundles our functions and those of this folder, or the named ones, into dist/<function>/index.mjs,
which Node 24 starts; packages with native parts stay outside, by name. Prints each one's size, the
npm packages inside, and its start: from nothing until it listens, the median of ${STARTS}.`,
  options: {},

  async run({ positionals }) {
    const { functions } = insist(await readCatalogue(['.'], inheritedEnvironment()['PATH'] ?? ''))
    const bundled = functions.filter(({ definition }) => 'app' in definition)
    for (const name of positionals) {
      if (!functions.some((one) => one.name === name))
        throw new PlatformError(
          'not_found',
          `there is no function ${name}: ${functions.map((one) => one.name).join(', ')}`,
        )
      if (!bundled.some((one) => one.name === name))
        throw new PlatformError('unprocessable', `${name} is a command: there is nothing to bundle`)
    }
    const chosen = bundled.filter(({ name }) => positionals.length === 0 || positionals.includes(name))
    const rows: (readonly string[])[] = []
    for (const fn of chosen) rows.push(await row(fn))
    process.stdout.write(columns(['FUNCTION', 'SIZE', 'GZIP', 'START', 'PACKAGES INSIDE', 'BUNDLE'], rows))
    return 0
  },
}

async function row(fn: FoundFunction): Promise<readonly string[]> {
  const { name } = fn
  const bundler = await createBundler({ ...sourceOf(fn, entry), native: 'by name' })
  const built = await bundler.build().finally(() => bundler.dispose())
  await writeBundle(built, resolve('dist', name))
  const gzip = [...built.files.values()].reduce((sum, bytes) => sum + gzipSync(bytes).byteLength, 0)
  return [name, kib(built.bytes), kib(gzip), `${await startMs(fn)} ms`, built.packages.join(' '), `dist/${name}/`]
}

/** Started from a folder of its own, with our own copies of the native packages, which this folder need not have. */
async function startMs(fn: FoundFunction): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'mezz-bundle-'))
  try {
    const env = { ...inheritedEnvironment(), ...placesOf(folder) }
    const { startMs } = await weigh(fn, { folder: join(folder, 'bundle'), env, starts: STARTS })
    return startMs
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Nothing connects before its first use, so a start needs no database behind its address. */
function placesOf(folder: string): Record<string, string> {
  return {
    DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none',
    OBJECTS_FOLDER: join(folder, 'objects'),
    TABLES_FOLDER: join(folder, 'tables'),
  }
}

function kib(bytes: number): string {
  return `${Math.ceil(bytes / 1024)} KiB`
}
