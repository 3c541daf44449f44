import { cpSync, globSync, rmSync } from 'node:fs'
import { join } from 'node:path'

// First half of packing: empties `dist/package` and copies into it what the compiler does not (schemas, samples, Python), each file
// where it lies in the checkout: so a file finds its neighbours by `import.meta.url` in both. tsc is the second half.

const PACKAGE = 'dist/package'
const FOLDERS = '{runtime,triggers,functions,manifests,build}'

rmSync(PACKAGE, { recursive: true, force: true })
const left = globSync(`${FOLDERS}/**/*.*`, { exclude: ['**/*.ts', 'build/launch.js', 'build/package.tsconfig.json'] })
for (const file of left) cpSync(file, join(PACKAGE, file))
