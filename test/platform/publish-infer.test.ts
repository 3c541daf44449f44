import assert from 'node:assert/strict'
import { it } from 'node:test'
import * as z from 'zod'
import { setup } from '../../build/testkit/setup.ts'
import infer from '../../functions/infer/function.ts'
import { Predictions } from '../../functions/infer/predictions.ts'
import publish from '../../functions/publish/function.ts'
import { onnxruntimeModels } from '../../runtime/adapters/onnxruntime.ts'
import { modelConverted, modelPublished, modelTrained } from '../../triggers/events.ts'
import { noSql } from '../functions/infer/no-sql.ts'
import { realRows } from '../functions/infer/tables.ts'
import { json, train } from '../functions/infer/trained.ts'
import { runFacts } from '../functions/publish/facts.ts'

it('a model that was trained and converted answers once published, and its former version after a rollback', async (t) => {
  const bench = await setup(publish, { twice: true })
  const models = onnxruntimeModels()
  t.after(() => Promise.all([bench.close(), models.close()]))
  const table = realRows('iris', 'petal_width_cm', ['target'])
  const [row = {}] = table.rows
  const [first, second] = [train(table, 5), train(table, 10)]

  /** Brings the events that publish itself has told since, as its trigger does, and asks a fresh infer. */
  let brought = 0
  const answered = async () => {
    const told = (await bench.emitted()).slice(brought)
    brought += told.length
    for (const { data } of told) await bench.deliver(modelPublished, modelPublished.data.parse(data))
    const answer = await infer.app({ objects: bench.objects, models, sql: noSql }).request('/models/petals/predict', {
      method: 'POST',
      body: JSON.stringify({ rows: [row] }),
      headers: { 'Content-Type': 'application/json' },
    })
    const { version, predictions } = Predictions.parse(await answer.json())
    return { version, ...z.object({ value: z.number() }).parse(predictions[0]) }
  }
  for (const [at, { definition, encoder, graph, signature }] of [first, second].entries()) {
    const { trained, converted } = await runFacts(bench.objects, `run-${at}`, {
      model: 'petals',
      definition: await bench.objects.put(json(definition)),
      encoder: await bench.objects.put(json(encoder)),
      signature,
    })
    await bench.deliver(modelConverted, { ...converted, onnx: await bench.objects.put(graph) })
    await bench.deliver(modelTrained, trained)

    const { version, value } = await answered()
    assert.equal(version, at + 1)
    assert.ok(Math.abs(value - (([first, second][at] ?? first).evaluate(row).values[0] ?? 0)) <= 1e-12)
  }

  assert.equal((await bench.send('POST', '/models/petals/rollback', {})).status, 200)

  const { version, value } = await answered()
  assert.equal(version, 1)
  assert.ok(Math.abs(value - (first.evaluate(row).values[0] ?? 0)) <= 1e-12)
})
