import assert from 'node:assert/strict'
import { it } from 'node:test'
import { gather } from '../../../runtime/models/gather.ts'
import type { Tensors } from '../../../runtime/models/tensors.ts'

/** A model that doubles its rows when told to, and notes how many rows each run had. */
function setup(options: { batch: number; queue: number; together: boolean }) {
  const runs: number[] = []
  const gates: (() => void)[] = []
  const run = gather(async (inputs) => {
    runs.push(inputs['in']?.shape[0] ?? 0)
    await new Promise<void>((resolve) => gates.push(resolve))
    const { in: tensor } = inputs
    assert.ok(tensor?.data instanceof Float64Array)
    return { out: { ...tensor, data: tensor.data.map((value) => value * 2) } }
  }, options)
  const call = async (...data: number[]) => values(await run({ in: column(data) }))
  /** Lets the run in progress end. */
  const open = () => gates.shift()?.()
  return { runs, call, open }
}

it('runs at once when idle, and gathers what comes meanwhile', async () => {
  const { runs, call, open } = setup({ batch: 100, queue: 100, together: true })

  const first = call(1)
  assert.deepEqual(runs, [1])
  const others = [call(2, 3), call(4), call(5, 6, 7)]
  open()
  await first
  await until(() => runs.length === 2)
  open()

  assert.deepEqual(await first, [2])
  assert.deepEqual(await Promise.all(others), [[4, 6], [8], [10, 12, 14]])
  assert.deepEqual(runs, [1, 6])
})

it('counts rows: a run has a batch of them at most, but for a call that is bigger by itself', async () => {
  const { runs, call, open } = setup({ batch: 3, queue: 100, together: true })

  const calls = [call(1), call(2, 3), call(4), call(5), call(6, 7, 8, 9, 10), call(11)]
  for (let run = 1; run <= 5; run++) {
    await until(() => runs.length === run)
    open()
  }

  assert.deepEqual(await Promise.all(calls), [[2], [4, 6], [8], [10], [12, 14, 16, 18, 20], [22]])
  assert.deepEqual(runs, [1, 3, 1, 5, 1])
})

it('runs calls one after the other where they must not meet', async () => {
  const { runs, call, open } = setup({ batch: 100, queue: 100, together: false })

  const calls = [call(1), call(2, 3), call(4)]
  for (let run = 1; run <= 3; run++) {
    await until(() => runs.length === run)
    open()
  }

  assert.deepEqual(await Promise.all(calls), [[2], [4, 6], [8]])
  assert.deepEqual(runs, [1, 2, 1])
})

function column(data: readonly number[]) {
  return { type: 'float64', shape: [data.length, 1], data: Float64Array.from(data) } as const
}

function values({ out }: Tensors): unknown[] {
  return [...(out?.data ?? [])]
}

/** Gives way until it holds. */
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setImmediate(resolve))
}
