import { join } from 'node:path'
import { EXTENSION, SOURCES } from './layout.ts'

/** The few lines from which a function's bundle starts: the function in this file, the ports that it says it uses, and the server. */
export function entry({ file, uses }: { readonly file: string; readonly uses: readonly string[] }): string {
  const from = (path: string) => JSON.stringify(join(SOURCES, `${path}${EXTENSION}`))
  return [
    `import fn from ${JSON.stringify(file)}`,
    `import { serve } from ${from('runtime/serve')}`,
    ...uses.map((port) => `import { open as ${port} } from ${from(`build/compose/${port}`)}`),
    `await serve(fn, { ${uses.join(', ')} })`,
  ].join('\n')
}
