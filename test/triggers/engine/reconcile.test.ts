import assert from 'node:assert/strict'
import { it } from 'node:test'
import type { NamedWorkload } from '../../../runtime/workloads.ts'
import { reconcile } from '../../../triggers/engine/reconcile.ts'

/** Looks once at what is wanted, beside what there is. */
async function once(wanted: readonly NamedWorkload[], there: readonly NamedWorkload[]) {
  const ended = new AbortController()
  const done: string[] = []
  const warned: string[] = []
  const options = {
    wanted: {
      all: async () => wanted,
      rung: async (signal: AbortSignal) => {
        await new Promise((resolve) => setImmediate(resolve))
        ended.abort()
        assert.ok(signal.aborted)
      },
    },
    workloads: {
      async apply({ name }: NamedWorkload) {
        if (name === 'infer-broken') throw new Error('no Python here')
        done.push(`apply ${name}`)
      },
      remove: async (name: string) => void done.push(`remove ${name}`),
      status: async () => there.map((one) => ({ ...one, waitingFor: null })),
    },
    log: (_level: string, message: string, error?: unknown) => {
      warned.push(`${message}: ${error instanceof Error ? error.message : error}`)
    },
  }
  await reconcile(options, ended.signal)
  return { done, warned }
}

const workload = (model: string): NamedWorkload => ({ name: `infer-${model}`, workload: { model } })

it('applies what is wanted and removes what is not', async () => {
  const { done } = await once([workload('a'), workload('b')], [workload('b'), workload('c')])

  assert.deepEqual(done, ['remove infer-c', 'apply infer-a', 'apply infer-b'])
})

it('says which one cannot be served, and serves the others', async () => {
  const { done, warned } = await once([workload('broken'), workload('b')], [])

  assert.deepEqual(done, ['apply infer-b'])
  assert.deepEqual(warned, ['the workload infer-broken is not as it should be; it is tried again: no Python here'])
})
