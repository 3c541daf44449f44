import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join, relative, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { BuildContext, BuildFailure, BuildOptions, BuildResult, Message, Metafile, Plugin } from 'esbuild'
import { build, context } from 'esbuild'
import type { Fault } from '../runtime/errors.ts'
import { PlatformError } from '../runtime/errors.ts'
import { CONDITIONS, PACKAGE, PACKAGES } from './layout.ts'

/** Packages with native parts: they stay files beside the bundle. */
const NATIVE = ['@duckdb/node-api', 'onnxruntime-node']

/** CommonJS inside a bundle calls require(), which ESM output does not have. */
const REQUIRE = `import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);`

const COMMON = {
  absWorkingDir: PACKAGE,
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node24',
  conditions: CONDITIONS,
  nodePaths: PACKAGES,
  logLevel: 'silent',
  legalComments: 'none',
  write: false,
} as const satisfies BuildOptions

const OUTPUT = {
  ...COMMON,
  outdir: PACKAGE,
  outExtension: { '.js': '.mjs' },
  banner: { js: REQUIRE },
  metafile: true,
} as const satisfies BuildOptions

type Output = BuildResult<typeof OUTPUT>

export interface BundleSource {
  /** The text from which it starts (`entry.ts`), with absolute imports. */
  readonly entry: string
  /** Programs that its jobs run: name to file. */
  readonly programs?: Readonly<Record<string, string>>
  /** Folders of files that go along with the programs as they are: `programs/<name>`. */
  readonly folders?: Readonly<Record<string, string>>
  /** Native packages by the URL of our own copy, so that the bundle may lie anywhere on this machine, or by name. */
  readonly native: 'here' | 'by name'
}

/** A bundle in memory. */
export interface Built {
  /** Path within the bundle to bytes: `index.mjs`, its chunks, `programs/<name>.mjs`. */
  readonly files: ReadonlyMap<string, Uint8Array>
  /** Hex; equal for equal files. */
  readonly digest: string
  readonly bytes: number
  /** npm packages that went in, sorted. */
  readonly packages: readonly string[]
}

export interface Bundler {
  /** Bundles what the sources are now, faster than the first time; `unprocessable` with file and line when they do not parse. */
  build(): Promise<Built>
  dispose(): Promise<void>
}

/** Keeps what it learnt of a function's sources, to bundle them again at each change. */
export async function createBundler({ entry, programs = {}, folders = {}, native }: BundleSource): Promise<Bundler> {
  const plugins = [ownPackage, ...(native === 'here' ? [nativeHere] : [])]
  const external = native === 'here' ? [] : NATIVE
  const contexts: BuildContext<typeof OUTPUT>[] = [
    await context({
      ...OUTPUT,
      external,
      entryPoints: [{ in: 'mezz-entry', out: 'index' }],
      splitting: true,
      chunkNames: 'chunks/[name]-[hash]',
      plugins: [entryText(entry), ...plugins],
    }),
  ]
  // A program is one file, which can be laid down anywhere.
  for (const [name, file] of Object.entries(programs)) {
    const entryPoints = [{ in: file, out: `programs/${name}` }]
    contexts.push(await context({ ...OUTPUT, external, entryPoints, plugins }))
  }
  return {
    build: async () => {
      const results = await attempt(() => Promise.all(contexts.map((one) => one.rebuild())))
      return describe(results, await alongside(folders))
    },
    dispose: async () => void (await Promise.all(contexts.map((one) => one.dispose()))),
  }
}

/** One source file with those it imports by path as a module that this process can import from anywhere: what it imports by name is named by URL. */
export async function bundleToImport(file: string): Promise<{ readonly code: string; readonly map: string }> {
  const { outputFiles } = await attempt(() =>
    build({ ...COMMON, entryPoints: [file], outfile: 'out.js', sourcemap: 'external', plugins: [byUrl] }),
  )
  const text = (end: string) => outputFiles.find(({ path }) => path.endsWith(end))?.text ?? ''
  return { code: text('.js'), map: text('.map') }
}

/** The files of these folders, by their paths within the bundle. */
async function alongside(folders: Readonly<Record<string, string>>) {
  const all = Object.entries(folders).map(async ([name, folder]) => {
    const files = await readdir(folder, { withFileTypes: true })
    const wanted = files.filter((one) => one.isFile())
    return Promise.all(
      wanted.map(async (one) => [`programs/${name}/${one.name}`, await readFile(join(folder, one.name))] as const),
    )
  })
  return (await Promise.all(all)).flat()
}

function describe(results: readonly Output[], more: readonly (readonly [path: string, bytes: Uint8Array])[]): Built {
  const files = new Map(
    results
      .flatMap(({ outputFiles }) => outputFiles)
      .map(({ path, contents }) => [relative(PACKAGE, path), contents] as const)
      .concat(more)
      .toSorted(([a], [b]) => (a < b ? -1 : 1)),
  )
  const hash = createHash('sha256')
  for (const [path, bytes] of files) hash.update(path).update(bytes)
  return {
    files,
    digest: hash.digest('hex'),
    bytes: [...files.values()].reduce((sum, { byteLength }) => sum + byteLength, 0),
    packages: packagesOf(results.map(({ metafile }) => metafile)),
  }
}

function packagesOf(metafiles: readonly Metafile[]): readonly string[] {
  const inputs = metafiles.flatMap(({ outputs }) =>
    Object.values(outputs).flatMap((output) => Object.entries(output.inputs)),
  )
  const names = inputs.flatMap(([file, { bytesInOutput }]) => {
    const [, name] = /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(file) ?? []
    return name && bytesInOutput > 0 ? [name] : []
  })
  return [...new Set(names)].sort()
}

async function attempt<result>(work: () => Promise<result>): Promise<result> {
  try {
    return await work()
  } catch (error) {
    if (!isFailure(error)) throw error
    const errors = error.errors.map(faultOf)
    const text = errors.map(({ pointer, reason }) => `${pointer}: ${reason}`).join('\n')
    throw new PlatformError('unprocessable', text, { errors, cause: error })
  }
}

function isFailure(error: unknown): error is BuildFailure {
  return error instanceof Error && 'errors' in error && Array.isArray(error.errors)
}

function faultOf({ location, text }: Message): Fault {
  if (!location) return { pointer: 'bundle', reason: text }
  return { pointer: `${relative(process.cwd(), resolve(PACKAGE, location.file))}:${location.line}`, reason: text }
}

function entryText(contents: string): Plugin {
  return {
    name: 'entry',
    setup: ({ onResolve, onLoad }) => {
      onResolve({ filter: /^mezz-entry$/ }, () => ({ path: 'entry', namespace: 'mezz' }))
      onLoad({ filter: /.*/, namespace: 'mezz' }, () => ({ contents, resolveDir: PACKAGE, loader: 'js' }))
    },
  }
}

/** Whoever says `mezz/…` gets this package, also in a folder that has not installed it. */
const ownPackage: Plugin = {
  name: 'mezz',
  setup: ({ onResolve }) => {
    onResolve({ filter: /^mezz\// }, ({ path }) => ({ path: ownFile(path) }))
  },
}

const nativeHere: Plugin = {
  name: 'native',
  setup: ({ onResolve }) => {
    const filter = new RegExp(`^(${NATIVE.join('|')})$`)
    onResolve({ filter }, ({ path }) => ({ path: import.meta.resolve(path), external: true }))
  },
}

const byUrl: Plugin = {
  name: 'by-url',
  setup: ({ onResolve, resolve: find }) => {
    onResolve({ filter: /^[^./]/ }, async ({ path, importer, resolveDir, kind, pluginData }) => {
      if (pluginData === byUrl || kind === 'entry-point' || path.startsWith('node:')) return undefined
      if (path.startsWith('mezz/')) return { path: pathToFileURL(ownFile(path)).href, external: true }
      const found = await find(path, { importer, resolveDir, kind, pluginData: byUrl })
      if (found.errors.length > 0 || found.external) return found
      return { path: pathToFileURL(found.path).href, external: true }
    })
  },
}

function ownFile(specifier: string): string {
  return fileURLToPath(import.meta.resolve(specifier))
}
