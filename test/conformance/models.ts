import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Models, Tensor, TensorType } from '../../runtime/ports.ts'
import { identity, lookUp, lookUpElsewhere, pair, total } from './graphs.ts'

/** What every Models adapter owes its callers. Each adapter's test runs this whole suite; `open` gives one without sessions. */
export function testModels(name: string, open: () => Models): void {
  describe(`models: ${name}`, () => {
    const values: Record<TensorType, Tensor['data']> = {
      float64: Float64Array.of(0.1, Number.NaN, -0, 1e300),
      float32: Float32Array.of(0.5, Number.NaN, -0, 1e30),
      int64: BigInt64Array.of(2n ** 62n, -1n, 0n, 1n),
      int32: Int32Array.of(2 ** 30, -1, 0, 1),
      bool: Uint8Array.of(1, 0, 0, 1),
      string: ['', 'größe', '大小', 'a\nb'],
    }
    for (const type of ['float64', 'float32', 'int64', 'int32', 'bool', 'string'] as const) {
      it(`takes and gives ${type} tensors without loss`, async () => {
        const model = await open().load(identity(type, ['N', 2]))
        const tensor: Tensor = { type, shape: [2, 2], data: values[type] }

        const { out } = await model.run({ in: tensor })

        assert.deepEqual(model.inputs, [{ name: 'in', type, shape: [-1, 2] }])
        assert.deepEqual(model.outputs, [{ name: 'out', type, shape: [-1, 2] }])
        assert.deepEqual({ ...out, data: [...(out?.data ?? [])] }, { ...tensor, data: [...tensor.data] })
      })

      it(`gives each of several callers its own rows of ${type}`, async () => {
        const model = await open().load(identity(type, ['N', 2]))
        const data = values[type]
        const calls = [data, data.slice(0, 2), data.slice(2), data.slice(0, 0), data]

        const found = await Promise.all(
          calls.map((data) => model.run({ in: { type, shape: [data.length / 2, 2], data } })),
        )

        assert.deepEqual(
          found.map(({ out }) => [out?.shape, [...(out?.data ?? [])]]),
          calls.map((data) => [[data.length / 2, 2], [...data]]),
        )
      })
    }

    it('answers calls that meet as it answers them one by one', async () => {
      const model = await open().load(pair())
      const calls = Array.from({ length: 40 }, (_, call) => {
        const rows = 1 + (call % 7)
        const side = (sign: number): Tensor => ({
          type: 'float64',
          shape: [rows, 2],
          data: Float64Array.from({ length: rows * 2 }, (_, at) => sign * Math.sin(call * 100 + at)),
        })
        return { left: side(1), right: side(-1 / 3) }
      })
      const single = []
      for (const call of calls) single.push(await model.run(call))

      const met = await Promise.all(calls.map((call) => model.run(call)))

      assert.deepEqual(met, single)
    })

    it('keeps calls apart where the outputs have no row for each row', async () => {
      const model = await open().load(total())
      const run = (...data: number[]) =>
        model.run({ in: { type: 'float64', shape: [data.length], data: Float64Array.from(data) } })

      const found = await Promise.all([run(1, 2), run(10), run(3, 4, 5)])

      assert.deepEqual(
        found.map(({ out }) => [...(out?.data ?? [])]),
        [[3], [10], [12]],
      )
    })

    it('lets a call that fails fail alone', async () => {
      const model = await open().load(lookUp())
      const run = (...data: bigint[]) =>
        model.run({ in: { type: 'int64', shape: [data.length], data: BigInt64Array.from(data) } })

      const found = await Promise.allSettled([run(0n), run(1n, 2n), run(7n), run(2n)])

      assert.deepEqual(
        found.map((one) => (one.status === 'fulfilled' ? [...(one.value['out']?.data ?? [])] : one.reason.code)),
        [[10], [20, 30], 'unprocessable', [30]],
      )
    })

    const { length } = pair()
    for (const [what, graph] of [
      ['no bytes', new Uint8Array()],
      ['other bytes', new TextEncoder().encode('this is no graph, whatever its name says')],
      ['half a graph', pair().subarray(0, length / 2)],
      ['a graph that reads a file of this machine', lookUpElsewhere('/etc/hostname')],
      ['a graph that reads a file above', lookUpElsewhere('../../../../../../etc/hostname')],
      ['a graph that reads a file beside', lookUpElsewhere('package.json')],
    ] as const) {
      it(`refuses ${what}`, async () => {
        await assert.rejects(open().load(graph), { code: 'unprocessable' })
      })
    }

    const two: Tensor = { type: 'float64', shape: [1, 2], data: Float64Array.of(1, 2) }
    for (const [what, inputs, pointer] of [
      ['an input that is missing', { left: two }, '/right'],
      ['an input that it does not have', { left: two, right: two, up: two }, '/up'],
      ['another type', { left: two, right: { ...two, type: 'float32', data: Float32Array.of(1, 2) } }, '/right'],
      ['another width', { left: two, right: { ...two, shape: [2, 1] } }, '/right'],
      ['another rank', { left: two, right: { ...two, shape: [2] } }, '/right'],
      ['more values than its shape says', { left: two, right: { ...two, shape: [0, 2] } }, '/right'],
      ['an array of another type', { left: two, right: { ...two, data: Float32Array.of(1, 2) } }, '/right'],
    ] as const satisfies readonly (readonly [string, Record<string, Tensor>, string])[]) {
      it(`refuses ${what}, with its pointer`, async () => {
        const model = await open().load(pair())

        await assert.rejects(model.run(inputs), (error: { code: string; errors: { pointer: string }[] }) => {
          assert.equal(error.code, 'invalid_input')
          assert.deepEqual(
            error.errors.map((fault) => fault.pointer),
            [pointer],
          )
          return true
        })
      })
    }

    it('loads one graph twice and another beside it', async () => {
      const models = open()
      const graphs = [pair(), total(), pair()]

      const loaded = await Promise.all(graphs.map((graph) => models.load(graph)))

      assert.deepEqual(
        loaded.map(({ inputs }) => inputs.length),
        [2, 1, 2],
      )
    })
  })
}
