import { basename, dirname, extname, resolve } from 'node:path'

/** `.ts` in a checkout, `.js` in the packed package. */
export const EXTENSION = extname(import.meta.filename)

/** The folder that holds `runtime`, `functions`, `triggers` and `build`. */
export const SOURCES = dirname(import.meta.dirname)

/** The folder of our `package.json`. */
export const PACKAGE = EXTENSION === '.ts' ? SOURCES : resolve(SOURCES, '../..')

/** The conditions by which `mezz/…` resolves to the files that run here. */
export const CONDITIONS = EXTENSION === '.ts' ? ['mezz-source'] : []

/** Where the packages lie that we bring, for a folder that has not installed them. */
export const PACKAGES = [
  resolve(PACKAGE, 'node_modules'),
  ...(basename(dirname(PACKAGE)) === 'node_modules' ? [dirname(PACKAGE)] : []),
]
