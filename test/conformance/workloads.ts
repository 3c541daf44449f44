import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Workloads } from '../../runtime/workloads.ts'

/** Workloads that serve the model that their `model` names, and an answer's text: the model, and what `scale.max` says; null where nothing answers. */
export interface WorkloadsUnderTest {
  readonly workloads: Workloads
  ask(name: string): Promise<string | null>
  /** The same after a crash of what holds them. */
  reopen(): Promise<WorkloadsUnderTest>
}

/** What every Workloads owes the engine. Each adapter's test runs this whole suite. */
export function testWorkloads(name: string, open: () => Promise<WorkloadsUnderTest>): void {
  describe(`workloads: ${name}`, () => {
    const one = { name: 'infer-a', workload: { model: 'a', scale: { max: 1 } } }
    const names = async ({ workloads }: WorkloadsUnderTest) => (await workloads.status()).map((found) => found.name)

    it('serves what is applied, and the same again changes nothing', async () => {
      const under = await open()

      await under.workloads.apply(one)
      const first = await under.ask('infer-a')
      await under.workloads.apply(one)

      assert.equal(first, 'a 1')
      assert.equal(await under.ask('infer-a'), first)
      assert.deepEqual(await under.workloads.status(), [{ ...one, waitingFor: null }])
    })

    it('serves by the newer one in the place of what has its name', async () => {
      const under = await open()
      await under.workloads.apply(one)

      await under.workloads.apply({ name: 'infer-a', workload: { model: 'a', scale: { max: 2 } } })

      assert.equal(await under.ask('infer-a'), 'a 2')
      assert.deepEqual(await names(under), ['infer-a'])
    })

    it('ends what is removed, also twice, and nothing else', async () => {
      const under = await open()
      await under.workloads.apply(one)
      await under.workloads.apply({ name: 'infer-b', workload: { model: 'b' } })

      await under.workloads.remove('infer-a')
      await under.workloads.remove('infer-a')
      await under.workloads.remove('infer-unknown')

      assert.equal(await under.ask('infer-a'), null)
      assert.equal(await under.ask('infer-b'), 'b undefined')
      assert.deepEqual(await names(under), ['infer-b'])
    })

    it('keeps what it has acknowledged through a crash, and nothing that was removed', async () => {
      const under = await open()
      await under.workloads.apply(one)
      await under.workloads.apply({ name: 'infer-b', workload: { model: 'b' } })
      await under.workloads.remove('infer-b')

      const again = await under.reopen()

      assert.deepEqual(await names(again), ['infer-a'])
      assert.equal(await again.ask('infer-a'), 'a 1')
      assert.equal(await again.ask('infer-b'), null)
    })
  })
}
