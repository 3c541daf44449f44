import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import * as z from 'zod'
import type { FunctionTest } from '../../../build/testkit/setup.ts'
import { setup } from '../../../build/testkit/setup.ts'
import { viewsBehind } from '../../../functions/ingest/delete.ts'
import ingest from '../../../functions/ingest/function.ts'
import { annotationCompleted, datasetDeleted } from '../../../triggers/events.ts'

const Answer = z.object({ version: z.int() })

describe('a dataset’s deletion', () => {
  let bench: FunctionTest
  before(async () => {
    bench = await setup(ingest, { twice: true })
  })
  after(() => bench.close())

  const send = async (name: string, body: string) => {
    const headers = { 'Content-Type': 'text/csv' }
    const answer = await bench.request(`/datasets?name=${name}`, { method: 'POST', body, headers })
    assert.equal(answer.status, 201)
    return Answer.parse(await answer.json()).version
  }
  const remove = (path: string) => bench.request(path, { method: 'DELETE' })
  const told = async (dataset: string) =>
    (await bench.emitted())
      .filter(({ type, key }) => type === datasetDeleted.type && key === dataset)
      .map(({ data }) => datasetDeleted.data.parse(data).versions)

  it('says first what hangs on it, and does nothing', async () => {
    await send('dry', 'a\n1\n')

    const answer = await remove('/datasets/dry?dry=true')

    assert.equal(answer.status, 200)
    assert.deepEqual(await answer.json(), { name: 'dry', hangs: [] })
    assert.equal((await bench.request('/datasets/dry')).status, 200)
    assert.deepEqual(await told('dry'), [])
  })

  it('takes all its versions and lets their blobs go, once; a new one of its name goes on counting', async () => {
    await send('gone', 'a\n1\n')
    await send('gone', 'a\n2\n')

    const answers = await Promise.all([remove('/datasets/gone'), remove('/datasets/gone')])

    assert.deepEqual(answers.map(({ status }) => status).sort(), [204, 404])
    assert.equal((await bench.request('/datasets/gone')).status, 404)
    assert.equal((await bench.request('/datasets/gone/versions/1')).status, 404)
    assert.deepEqual(await told('gone'), [2])
    assert.deepEqual(
      (await bench.kept()).filter((owner) => owner.startsWith('datasets/gone/')),
      [],
    )
    assert.equal(await send('gone', 'a\n2\n'), 3)
    assert.equal((await remove('/datasets/gone')).status, 204)
    assert.equal(await send('gone', 'a\n1\n'), 4)
    assert.deepEqual(await told('gone'), [2, 3])
  })

  it('leaves nobody to take the labels of a project over it', async () => {
    await send('labelled', 'a\n1\n')
    await remove('/datasets/labelled')
    const labels = await bench.objects.put(new TextEncoder().encode('labels'))
    const data = { project: 'p', dataset: 'labelled', version: 1, labels, column: 'b' }

    assert.equal((await bench.deliver(annotationCompleted, data)).status, 204)

    assert.equal((await bench.request('/datasets/labelled')).status, 404)
  })

  for (const [path, status] of [
    ['/datasets/never', 404],
    ['/datasets/never?dry=true', 404],
    ['/datasets/No%20Name', 400],
    ['/datasets/never?dry=perhaps', 400],
    ['/datasets/never?force=true', 400],
    ['/datasets/never?dry=true&dry=true', 400],
  ] as const) {
    it(`answers ${status} to DELETE ${path}`, async () => {
      assert.equal((await remove(path)).status, status)
    })
  }
})

it('the views that hang on a dataset are those that made its extractions, each once, and go with it', () => {
  const made = (kind: string, name: string, version: string) => ({ kind, name, version, goes: kind === 'extractions' })

  const found = viewsBehind([
    made('extractions', 'sales', 'a'),
    made('extractions', 'slim', 'b'),
    made('extractions', 'sales', 'c'),
    made('models', 'churn', '1'),
  ])

  assert.deepEqual(found, [
    { kind: 'views', name: 'sales', goes: true },
    { kind: 'views', name: 'slim', goes: true },
  ])
})
