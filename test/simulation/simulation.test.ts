import assert from 'node:assert/strict'
import { it } from 'node:test'
import { createPartition } from '../../triggers/engine/core/partition.ts'
import { createSlots } from '../../triggers/engine/core/slots.ts'
import { simulate } from './simulate.ts'

// SEED=17 runs that schedule alone, SEEDS=100000 so many from the first on.
const first = Number(process.env['SEED'] ?? 1)
const count = Number(process.env['SEEDS'] ?? (process.env['SEED'] ? 1 : 10_000))

it(`keeps every promise in ${count} schedules`, (context) => {
  const sums = { deliveries: 0, dead: 0, epochs: 0 }
  for (let seed = first; seed < first + count; seed++) {
    const { broken, deliveries, dead, epochs } = simulate({ createPartition, createSlots }, seed)
    if (broken) assert.fail(`SEED=${seed} ${broken.message}`)
    sums.deliveries += deliveries
    sums.dead += dead
    sums.epochs += epochs
  }

  context.diagnostic(`${sums.deliveries} deliveries, ${sums.dead} dead letters, ${sums.epochs} claims`)
})
