import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { it } from 'node:test'
import * as z from 'zod'
import type { Table } from './chain.ts'
import { ask, begin, predict, published, someRow } from './chain.ts'
import { eventually } from './eventually.ts'
import { startDev } from './mezz-dev.ts'

const IRIS: Table = { name: 'iris', file: 'test/data/iris.csv', target: 'target', task: 'classification' }

const Task = z.object({ id: z.number(), row: z.record(z.string(), z.unknown()) })
const Project = z.object({ state: z.string(), tasks: z.number(), done: z.number(), version: z.number().nullable() })
const Versions = z.object({ version: z.number(), columns: z.array(z.looseObject({ name: z.string() })) })
const Flows = z.object({
  items: z.array(z.object({ steps: z.array(z.looseObject({ event: z.string(), function: z.string() })) })),
})

it('an annotation completed leads by events alone to a newer published version, and a rollback to the old one’s scores', async (t) => {
  const root = await mkdtemp(join(tmpdir(), 'mezz-annotate-'))
  const dev = await startDev({ data: join(root, 'data'), folder: root })
  t.after(async () => {
    await dev.stop()
    await rm(root, { recursive: true, force: true })
  })
  const { url } = dev
  await begin(url, IRIS)
  await published(url, 'iris')
  const row = await someRow(url, 'iris')
  const before = await predict(url, 'iris', [row])
  assert.equal(before.version, 1)

  // People who see it otherwise: what was one species, is another one from now on.
  const labels = ['setosa', 'versicolor', 'virginica']
  const otherwise = (target: unknown): string => labels[(labels.indexOf(String(target)) + 1) % 3] ?? ''
  const made = await send(`${url}/default/annotate/projects`, {
    name: 'anew',
    dataset: 'iris',
    column: 'target',
    labels,
  })
  assert.equal(made.status, 201, await made.text())
  const project = `${url}/default/annotate/projects/anew`
  await eventually('the dataset is heard of', async () => (await ask(project, Project)).state === 'open')
  const seen = await Promise.all(['ann', 'bo', 'cy'].map((by) => labelAll(project, by, otherwise)))

  const ids = seen.flat().sort((a, b) => a - b)
  assert.deepEqual(
    ids,
    Array.from({ length: 150 }, (_, i) => i),
  )
  assert.ok(seen.every((some) => some.length > 0))
  const { tasks, done, version } = await ask(project, Project)
  assert.deepEqual([tasks, done, version], [150, 150, 1])
  assert.equal((await send(`${project}/complete`)).status, 200)
  assert.equal((await send(`${project}/complete`)).status, 200)

  const after = await eventually('the second version is published', async () => {
    const model = await published(url, 'iris')
    return model.published === 2 && model
  })
  assert.deepEqual(
    after.versions.map(({ version, state }) => [version, state]),
    [
      [1, 'retired'],
      [2, 'published'],
    ],
  )
  const dataset = await ask(`${url}/default/ingest/datasets/iris`, Versions)
  assert.equal(dataset.version, 2)
  const { items } = await ask(`${url}/_mezz/flows`, Flows)
  const flow = items.find(({ steps }) => steps.some(({ event }) => event === 'mezz.annotation.completed.v1'))
  assert.ok(flow?.steps.some(({ event }) => event === 'mezz.model.published.v1'))
  const anew = await predict(url, 'iris', [row])
  assert.equal(anew.version, 2)
  assert.equal(anew.predictions[0]?.label, otherwise(before.predictions[0]?.label))

  assert.equal((await send(`${url}/default/publish/models/iris/rollback`)).status, 200)

  const back = await eventually('the first version answers', async () => {
    const answer = await predict(url, 'iris', [row])
    return answer.version === 1 && answer
  })
  assert.deepEqual(back.predictions, before.predictions)
})

/** Labels what this person is given until there is nothing; answers with the rows. */
async function labelAll(project: string, by: string, judge: (target: unknown) => string): Promise<number[]> {
  const done: number[] = []
  for (;;) {
    const answer = await fetch(`${project}/next?by=${by}`)
    if (answer.status === 204) return done
    const { id, row } = Task.parse(await answer.json())
    const said = await send(`${project}/tasks/${id}/annotations`, { label: judge(row['target']), by })
    assert.equal(said.status, 201, await said.text())
    done.push(id)
  }
}

function send(url: string, body: unknown = {}): Promise<Response> {
  return fetch(url, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  })
}
