import assert from 'node:assert/strict'
import { json, text } from 'node:stream/consumers'
import { after, before, describe, it } from 'node:test'
import * as z from 'zod'
import type { FunctionTest } from '../../../build/testkit/setup.ts'
import { setup } from '../../../build/testkit/setup.ts'
import train from '../../../functions/train/function.ts'
import type { ObjectRef } from '../../../runtime/ports.ts'
import { featuresExtracted, jobEnded, modelTrained } from '../../../triggers/events.ts'
import { order, ROWS, runOf, runsOf, toldOf } from './bench.ts'
import { extractionOf, extractionOfFile } from './extraction.ts'
import { runJob } from './run-job.ts'

const Reference = z.object({
  features: z.array(z.string()),
  rows: z.array(z.array(z.number().nullable())),
  raw: z.array(z.array(z.number())),
})
const Progress = z.object({ progress: z.number(), metrics: z.record(z.string(), z.number()) })
const DIGEST = /^sha256:[0-9a-f]{64}$/

describe('the program of a training job', () => {
  let bench: FunctionTest
  before(async () => {
    bench = await setup(train)
  })
  after(() => bench.close())

  type Extraction = Awaited<ReturnType<typeof extractionOf>>
  const began = async (name: string, extraction: Extraction, more: Readonly<Record<string, unknown>>) => {
    await bench.send('PUT', `/pipelines/${name}`, order(extraction.view, more))
    await bench.deliver(featuresExtracted, extraction)
    const [run] = await runsOf(bench, name)
    assert.ok(run)
    return run.id
  }
  const trainedOf = async (model: string) => {
    const event = (await bench.emitted()).find(({ key, type }) => key === model && type === modelTrained.type)
    return modelTrained.data.parse(event?.data)
  }
  const stored = async ({ name }: ObjectRef) => {
    const found = await bench.objects.read(name)
    assert.ok(found)
    return found.body
  }

  for (const { name, classes, held, rounds, holdout, metrics } of [
    { name: 'iris', classes: ['setosa', 'versicolor', 'virginica'], held: 30, rounds: 20, holdout: 0.2 },
    { name: 'breast-cancer', classes: ['benign', 'malignant'], held: 189, rounds: 15, holdout: 0.3 },
  ].map((one) => ({ ...one, metrics: ['accuracy', 'auc', 'f1', 'logLoss'] }))) {
    it(`trains on ${name} in a process of its own, and the model is told of whole`, async () => {
      const extraction = await extractionOfFile(bench.objects, name)
      const publish = { metric: 'accuracy', atLeast: 0.9 }
      const parameters = { rounds, leaves: 7 }
      const run = await began(name, extraction, {
        target: 'target',
        task: 'classification',
        parameters,
        holdout,
        publish,
      })

      const { end, lines } = await runJob(bench, run)
      assert.deepEqual([end.state, end.error], ['succeeded', undefined])
      await bench.deliver(jobEnded, end)

      const trained = await trainedOf(name)
      assert.deepEqual(trained.signature, { task: 'classification', target: 'target', classes })
      assert.deepEqual(Object.keys(trained.metrics).sort(), metrics)
      assert.ok((trained.metrics['accuracy'] ?? 0) >= 0.9)
      assert.deepEqual(
        [trained.run, trained.pipeline, trained.view, trained.extraction, trained.publish, trained.seed],
        [run, name, name, extraction.extraction, publish, 0],
      )
      assert.equal(trained.data.digest, `sha256:${extraction.table.sha256}`)
      for (const { digest } of [trained.code, trained.environment]) assert.match(digest, DIGEST)
      assert.match(await text(await stored(trained.artifact)), /^tree\nversion=v4\n/)
      const { rows, raw, features } = Reference.parse(await json(await stored(trained.reference)))
      const outputs = classes.length === 2 ? 1 : classes.length
      assert.deepEqual(
        [rows.length, raw.length, raw[0]?.length, rows[0]?.length],
        [held, held, outputs, features.length],
      )
      assert.deepEqual((await runOf(bench, run)).metrics, trained.metrics)

      const told = lines
        .filter((line) => line.startsWith('mezz: '))
        .map((line) => Progress.parse(JSON.parse(line.slice(6))))
      assert.deepEqual(
        told.map(({ progress }) => progress),
        [...Array.from({ length: rounds }, (_, at) => (at + 1) / rounds), 1],
      )
      const losses = told.slice(0, -1).map(({ metrics }) => metrics['trainingLoss'] ?? Number.NaN)
      assert.ok((losses.at(-1) ?? 1) < (losses[0] ?? 0))
      assert.deepEqual(told.at(-1)?.metrics, trained.metrics)
      const all = extraction.rows
      const share = ((100 * held) / all).toFixed(1)
      assert.equal(
        lines[0],
        `${all - held} rows to learn from, ${held} held out (${share} %), 0 without target left out`,
      )
    })
  }

  it('gives the same model for the same table and settings, and another digest of the code for other parameters', async () => {
    const extraction = await extractionOf(bench.objects, 'same', ROWS)
    for (const [name, parameters] of [
      ['same-a', { rounds: 3, leaves: 3 }],
      ['same-b', { leaves: 3, rounds: 3, learningRate: 0.1 }],
      ['same-c', { rounds: 4, leaves: 3 }],
    ] as const) {
      const run = await began(name, { ...extraction, view: name }, { parameters })
      await bench.deliver(jobEnded, (await runJob(bench, run)).end)
    }

    const [a, b, c] = await Promise.all(['same-a', 'same-b', 'same-c'].map(trainedOf))
    assert.equal(a?.artifact.sha256, b?.artifact.sha256)
    assert.deepEqual(a?.code, b?.code)
    assert.deepEqual(a?.environment, c?.environment)
    assert.notEqual(a?.artifact.sha256, c?.artifact.sha256)
    assert.notEqual(a?.code.digest, c?.code.digest)
  })

  for (const [what, type, select, classes] of [
    ['truth values', 'boolean', `select i % 2 = 0 as y, i % 4 as k from range(40) t(i)`, [false, true]],
    ['numbers', 'number', `select i % 3 * 10 as y, i % 3 as k from range(40) t(i)`, [0, 10, 20]],
    [
      'texts, some missing',
      'text',
      `select case i % 4 when 0 then null when 1 then '是' else 'a,"b"' end as y, i % 4 as k from range(80) t(i)`,
      ['a,"b"', '是'],
    ],
  ] as const) {
    it(`keeps classes as JSON has them: ${what}`, async () => {
      const run = await began(`kept-${type}`, await extractionOf(bench.objects, `kept-${type}`, select), {
        task: 'classification',
      })

      await bench.deliver(jobEnded, (await runJob(bench, run)).end)

      assert.deepEqual((await trainedOf(`kept-${type}`)).signature.classes, classes)
    })
  }

  for (const [name, select, more, reason] of [
    [
      'one-class',
      `select 'a' as y, i::double as n from range(30) t(i)`,
      { task: 'classification' },
      'y has only the value a: there is nothing to tell apart',
    ],
    [
      'too-few-rows',
      'select 1.0::double as y, 2.0::double as n',
      {},
      '1 rows, 0 of them without y, are too few to learn from and to hold some out',
    ],
    [
      'no-target',
      'select null::double as y, i::double as n from range(9) t(i)',
      {},
      '9 rows, 9 of them without y, are too few to learn from and to hold some out',
    ],
    [
      'too-many-classes',
      `select 'id' || i as y, i::double as n from range(1001) t(i)`,
      { task: 'classification' },
      'y has 1001 different values, which are too many classes: is it a regression?',
    ],
  ] as const) {
    it(`says in one sentence why it cannot train: ${name}`, async () => {
      const run = await began(name, await extractionOf(bench.objects, name, select), more)

      await bench.deliver(jobEnded, (await runJob(bench, run)).end)

      const found = await runOf(bench, run)
      assert.deepEqual([found.state, found.error], ['failed', reason])
      assert.deepEqual((await toldOf(bench, name)).at(-1), 'mezz.training.failed.v1')
    })
  }
})
