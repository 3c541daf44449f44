import { join, resolve } from 'node:path'
import { createBundler } from '../../build/bundle.ts'
import { sourceOf } from '../../build/entry.ts'
import { writeBundle } from '../../build/write-bundle.ts'
import publish from '../../functions/publish/function.ts'
import poison from './toys/poison.ts'
import tally from './toys/tally.ts'

const FOUND = [
  { name: 'tally', file: resolve('test/faults/toys/tally.ts'), definition: tally, ours: false },
  { name: 'poison', file: resolve('test/faults/toys/poison.ts'), definition: poison, ours: false },
  { name: 'publish', file: resolve('functions/publish/function.ts'), definition: publish, ours: true },
]

/** Bundles the functions as `mezz dev` does, on ports with passages; name to the file that starts it. */
export async function bundleToys(folder: string): Promise<Readonly<Record<string, string>>> {
  const made = FOUND.map(async (found) => {
    const bundler = await createBundler(
      sourceOf(found, ({ file, uses }) =>
        [
          `import fn from ${JSON.stringify(file)}`,
          `import { serve } from ${JSON.stringify(resolve('runtime/serve.ts'))}`,
          `import { ports } from ${JSON.stringify(resolve('test/faults/process/ports.ts'))}`,
          `await serve(fn, { ${uses.map((port) => `${port}: ports.${port}`).join(', ')} })`,
        ].join('\n'),
      ),
    )
    try {
      return [found.name, await writeBundle(await bundler.build(), join(folder, found.name))] as const
    } finally {
      await bundler.dispose()
    }
  })
  return Object.fromEntries(await Promise.all(made))
}
