import { dirname } from 'node:path'
import { createBundler } from './bundle.ts'
import { entry, sourceOf } from './entry.ts'
import type { FoundFunction } from './found.ts'
import { startProcess } from './local/process.ts'
import { commandLine, limitsOf } from './local/program.ts'
import { writeBundle } from './write-bundle.ts'

export interface Weight {
  readonly name: string
  readonly bytes: number
  /** npm packages that went in, sorted. */
  readonly packages: readonly string[]
  /** Milliseconds until its process listens; the median of its starts. */
  readonly startMs: number
}

/** Bundles a function into a folder, in place of what lies there, and starts it with this environment, once or as often as said. */
export async function weigh(
  fn: FoundFunction,
  {
    folder,
    env,
    starts = 1,
  }: { readonly folder: string; readonly env: Readonly<Record<string, string>>; readonly starts?: number },
): Promise<Weight> {
  const { name, definition } = fn
  const bundler = await createBundler(sourceOf(fn, entry))
  const built = await bundler.build()
  await bundler.dispose()
  const bundle = await writeBundle(built, folder)
  const { memory } = limitsOf(definition, 0)
  const times: number[] = []
  for (let start = 0; start < starts; start++) {
    const process = await startProcess({
      name,
      ...commandLine({ definition, run: { bundle }, env }, memory),
      env,
      memory,
      startTimeout: 30_000,
      runFolder: `${dirname(folder)}/.run`,
      signal: new AbortController().signal,
      log: () => undefined,
    })
    await process.stop(1000)
    times.push(process.coldStartMs)
  }
  const startMs = times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)] ?? 0
  return { name, bytes: built.bytes, packages: built.packages, startMs }
}
