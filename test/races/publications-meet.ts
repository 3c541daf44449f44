import assert from 'node:assert/strict'
import { json } from 'node:stream/consumers'
import { it } from 'node:test'
import * as z from 'zod'
import type { Emitted, FunctionTest } from '../../build/testkit/setup.ts'
import { setup } from '../../build/testkit/setup.ts'
import publish from '../../functions/publish/function.ts'
import { Model } from '../../functions/publish/view.ts'
import type { Objects } from '../../runtime/ports.ts'
import { modelConverted, modelPublished, modelTrained } from '../../triggers/events.ts'
import { runFacts } from '../functions/publish/facts.ts'
import { meet, pause, rounds } from '../race.ts'

const Current = z.object({ versions: z.array(z.object({ version: z.number(), traffic: z.number() })) })

it('a publication told twice to two instances, while another is taken back, leaves what the table says', async () => {
  const one = await setup(publish, { pause })
  const other = await one.beside()
  const twice = (event: Emitted) => [one, other].map((bench) => async () => (await tell(bench, event)).status)

  await rounds(async (round) => {
    const model = `race-${round}`
    for (const run of [`${model}-1`, `${model}-2`]) {
      const { trained, converted } = await runFacts(one.objects, run, { model })
      const answers = await meet(
        () => one.deliver(modelTrained, trained),
        () => other.deliver(modelConverted, converted),
      )
      assert.deepEqual(
        answers.map(({ status }) => status),
        [204, 204],
      )
    }
    const [first, second] = await publications(one, model)
    assert.ok(first && second)
    const answers = await meet(...twice(first), ...twice(second), async () => {
      const { status } = await other.request(`/models/${model}/rollback`, { method: 'POST' })
      const back = (await publications(one, model)).at(-1)
      assert.ok(back)
      // Told while those from before may still be under way.
      assert.deepEqual(await meet(...twice(back)), [204, 204])
      return status
    })

    assert.deepEqual(answers, [204, 204, 204, 204, 200])
    const { published, versions } = Model.parse(await (await one.request(`/models/${model}`)).json())
    assert.deepEqual(
      versions.map(({ version, state }) => [version, state]),
      [
        [1, 'published'],
        [2, 'retired'],
      ],
    )
    assert.equal(published, 1)
    assert.deepEqual(await current(one.objects, model), { versions: [{ version: 1, traffic: 100 }] })
    assert.equal((await publications(one, model)).length, 3)
  })

  await Promise.all([one.close(), other.close()])
})

async function publications(bench: FunctionTest, model: string): Promise<Emitted[]> {
  return (await bench.emitted()).filter(({ key, type }) => key === model && type === modelPublished.type)
}

function tell(bench: FunctionTest, { id, source, data }: Emitted): Promise<Response> {
  return bench.deliver(modelPublished, modelPublished.data.parse(data), { id, source })
}

/** What infer reads of a model. */
async function current(objects: Objects, model: string): Promise<z.infer<typeof Current>> {
  const found = await objects.read(`models/${model}/current`)
  assert.ok(found)
  return Current.parse(await json(found.body))
}
