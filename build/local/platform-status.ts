import { setTimeout as wait } from 'node:timers/promises'
import type { WorkloadStatus } from '../../runtime/workloads.ts'
import type { Engine } from '../../triggers/engine/engine.ts'
import type { TriggerStatus } from '../../triggers/engine/trigger.ts'
import type { Serving } from './serving.ts'

/** Milliseconds. */
const STATUS_WAITS = 1000

/** Each function's numbers, and what its declaration says. */
export function functionStatus(serving: Serving, workloads: readonly WorkloadStatus[]) {
  const found = new Map(serving.catalogue().functions.map((one) => [one.name, one]))
  return serving.status().map((numbers) => {
    const one = found.get(numbers.name)
    if (!one) return { ...numbers, ...describe(workloads.find(({ name }) => name === numbers.name)) }
    const { definition, ours } = one
    const uses = 'uses' in definition ? definition.uses : []
    return {
      ...numbers,
      summary: definition.summary,
      uses,
      emits: (definition.emits ?? []).map(({ type }) => type),
      ours,
    }
  })
}

function describe(one: WorkloadStatus | undefined) {
  const model = one?.workload.model
  return model === undefined ? {} : { summary: `Serves the model ${model} alone`, model, ours: true }
}

/** None while the database does not answer: what else there is to say must not wait for it. */
export async function triggerStatus(engine: Engine | undefined): Promise<readonly TriggerStatus[]> {
  const known = engine?.status().catch(() => [])
  return (await Promise.race([known, wait(STATUS_WAITS, [], { ref: false })])) ?? []
}
