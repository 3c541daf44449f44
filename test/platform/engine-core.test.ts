import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { it } from 'node:test'

const CORE = 'triggers/engine/core/'

it('the engine drives the very core that the simulation drives', () => {
  const engine = reached('triggers/engine/engine.ts')
  const simulation = reached('test/simulation/simulation.test.ts')

  assert.ok(engine.has('triggers/engine/relay.ts') && engine.has('triggers/engine/dispatch.ts'))
  const core = [...engine].filter((file) => file.startsWith(CORE))
  assert.ok(core.includes(`${CORE}partition.ts`) && core.includes(`${CORE}slots.ts`))
  assert.deepEqual(
    core.filter((file) => !simulation.has(file)).sort(),
    ['budget.ts', 'limits.ts', 'stall.ts'].map((name) => `${CORE}${name}`),
  )
})

/** The file and all that it imports, by way of others too; types aside. */
function reached(file: string, found = new Set<string>()): Set<string> {
  if (found.has(file)) return found
  found.add(file)
  const text = readFileSync(file, 'utf8')
  for (const [, from = ''] of text.matchAll(/^import (?!type ).*? from '(\.[^']+)'/gm)) {
    reached(join(dirname(file), from), found)
  }
  return found
}
