import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { it } from 'node:test'

const { exports } = JSON.parse(readFileSync('package.json', 'utf8'))
/** What a function imports, and so every bundle holds. */
const LIGHT: readonly string[] = [
  ...['./define', './errors', './event', './events', './ports', './validate'].map(
    (name) => exports[name]['mezz-source'],
  ),
  ...globSync('runtime/tabular/*.ts'),
]

for (const source of LIGHT) {
  it(`nothing heavy hangs on ${source}, which functions import`, () => {
    const packages = [...reached(source)].filter((from) => !/^(\.|node:)/.test(from))

    assert.deepEqual(
      packages.filter((from) => !/^(hono|zod)(\/|$)/.test(from)),
      [],
    )
  })
}

it('mezz/define needs nothing at all when it runs', () => {
  assert.deepEqual([...reached(exports['./define']['mezz-source'])], [])
})

it('exports the same place of the checkout and of the package', () => {
  for (const [name, target] of Object.entries<Record<string, string>>(exports)) {
    if (typeof target === 'string') continue
    const file = (target['mezz-source'] ?? '').slice(2, -'.ts'.length)
    const expected = {
      'mezz-source': `./${file}.ts`,
      types: `./dist/package/${file}.d.ts`,
      default: `./dist/package/${file}.js`,
    }
    // The order decides which one is taken.
    assert.equal(JSON.stringify(target), JSON.stringify(expected), name)
  }
})

it('names no registry in the lockfile, since each place has its own', () => {
  const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8'))
  const named = Object.entries<{ resolved?: string }>(packages).filter(([, { resolved }]) => resolved !== undefined)

  assert.deepEqual(named, [])
})

/** Everything that this file imports when it runs, by itself or by others. */
function reached(file: string, found = new Set<string>()): Set<string> {
  const values = readFileSync(file, 'utf8').replaceAll(/^(import|export) type .*?from '.*?'/gms, '')
  for (const [, from = ''] of values.matchAll(/(?:^|\s)(?:from|import) '([^']+)'/gm)) {
    if (found.has(from)) continue
    found.add(from)
    if (from.startsWith('.')) reached(join(dirname(file), from), found)
  }
  return found
}
