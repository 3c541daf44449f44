import assert from 'node:assert/strict'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { Core } from './member.ts'
import type { Mutant } from './mutants.ts'
import { MUTANTS } from './mutants.ts'
import { simulate } from './simulate.ts'

const CORE = fileURLToPath(new URL('../../triggers/engine/core', import.meta.url))
const SCHEDULES = 2_000

describe('the simulation', () => {
  const folder = mkdtempSync(join(tmpdir(), 'mutants-'))
  after(() => rmSync(folder, { recursive: true }))
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')

  for (const [at, mutant] of MUTANTS.entries()) {
    it(`finds a core that ${mutant.name}`, async (context) => {
      const core = await grow(mutant, join(folder, `${at}`))

      for (let seed = 1; seed <= SCHEDULES; seed++) {
        const { broken } = simulate(core, seed)
        if (broken) return context.diagnostic(`schedule ${seed}: ${broken.promise}`)
      }
      assert.fail(`lives through ${SCHEDULES} schedules`)
    })
  }
})

async function grow({ file, from, to }: Mutant, folder: string): Promise<Core> {
  cpSync(CORE, folder, { recursive: true })
  const text = readFileSync(join(folder, file), 'utf8')
  assert.equal(text.split(from).length, 2, `the text must stand in ${file} once: ${from}`)
  writeFileSync(
    join(folder, file),
    text.replace(from, () => to),
  )
  const load = (name: string) => import(pathToFileURL(join(folder, name)).href)
  const { createPartition } = await load('partition.ts')
  const { createSlots } = await load('slots.ts')
  return { createPartition, createSlots }
}
