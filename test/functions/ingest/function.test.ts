import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { gzipSync } from 'node:zlib'
import * as z from 'zod'
import type { FunctionTest } from '../../../build/testkit/setup.ts'
import { setup } from '../../../build/testkit/setup.ts'
import ingest from '../../../functions/ingest/function.ts'
import { Datasets, Rows, Version } from '../../../functions/ingest/version.ts'
import { datasetIngested } from '../../../triggers/events.ts'

const Problem = z.object({ code: z.string(), errors: z.array(z.object({ pointer: z.string() })).optional() })

describe('ingest', () => {
  let bench: FunctionTest
  before(async () => {
    bench = await setup(ingest)
  })
  after(() => bench.close())

  const send = (name: string, body: string | Uint8Array | FormData, headers: Record<string, string> = {}) => {
    const type: Record<string, string> = body instanceof FormData ? {} : { 'Content-Type': 'text/csv' }
    return bench.request(`/datasets?name=${name}`, { method: 'POST', body, headers: { ...type, ...headers } })
  }
  const events = async (dataset: string) => {
    const all = (await bench.emitted()).map(({ data }) => datasetIngested.data.parse(data))
    return all.filter((data) => data.dataset === dataset)
  }

  it('makes a version, says so once, and answers 200 for the same content again, in another charset too', async () => {
    const csv = '年龄,城市\n31,北京\n,上海\n'

    const first = await send('people', csv)
    const again = await send('people', Buffer.from(`\ufeff${csv}`, 'utf16le'))
    const zipped = await send('people', gzipSync(csv), { 'Content-Encoding': 'gzip' })

    assert.equal(first.status, 201)
    assert.equal(first.headers.get('location'), '/datasets/people/versions/1')
    const version = Version.parse(await first.json())
    assert.deepEqual([version.version, version.rows, version.bytes], [1, 2, Buffer.byteLength(csv)])
    assert.deepEqual(version.columns, [
      { name: '年龄', type: 'number', nulls: 1, distinct: 1, min: 31, max: 31 },
      { name: '城市', type: 'text', nulls: 0, distinct: 2, min: '上海', max: '北京' },
    ])
    for (const answer of [again, zipped]) {
      assert.equal(answer.status, 200)
      assert.deepEqual(Version.parse(await answer.json()), version)
    }
    const [event, ...more] = await events('people')
    assert.deepEqual(more, [])
    assert.deepEqual(event?.schema, [
      { name: '年龄', type: 'number' },
      { name: '城市', type: 'text' },
    ])
    assert.deepEqual([event?.version, event?.rows, event?.digest], [1, 2, version.digest])
    assert.ok(await bench.objects.read(event?.parts[0]?.name ?? ''))
  })

  it('makes a new version of new content, also of what an older version held', async () => {
    const statuses: number[] = []
    for (const csv of ['a\n1\n', 'a\n2\n', 'a\n1\n', 'a\n1\n']) statuses.push((await send('changing', csv)).status)

    assert.deepEqual(statuses, [201, 201, 201, 200])
    assert.deepEqual(
      (await events('changing')).map(({ version }) => version),
      [1, 2, 3],
    )
  })

  it('makes one version of the same content sent eight times at once', async () => {
    const answers = await Promise.all(Array.from({ length: 8 }, () => send('rushed', 'a,b\n1,2\n')))

    assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 200, 200, 200, 200, 200, 200, 201])
    assert.equal((await events('rushed')).length, 1)
  })

  it('takes a form’s file', async () => {
    const form = new FormData()
    form.set('note', 'not this one')
    form.set('file', new File(['{"a":1}\n{"a":2}\n'], 'a.ndjson', { type: 'application/x-ndjson' }))

    const answer = await send('formed', form)

    assert.equal(answer.status, 201)
    assert.equal(Version.parse(await answer.json()).rows, 2)
  })

  it('lists the newest version of each dataset, page by page, and gives each by its name', async () => {
    for (const [name, csv] of [
      ['list-b', 'a\n1\n'],
      ['list-a', 'a\n1\n'],
      ['list-a', 'a\n2\n'],
    ] as const) {
      await send(name, csv)
    }

    const page = Datasets.parse(await (await bench.request('/datasets?limit=1&after=list')).json())
    const rest = Datasets.parse(await (await bench.request(`/datasets?limit=1&after=${page.next}`)).json())

    assert.deepEqual(
      [...page.items, ...rest.items].map(({ name, version }) => `${name}@${version}`),
      ['list-a@2', 'list-b@1'],
    )
    assert.equal(Version.parse(await (await bench.request('/datasets/list-a')).json()).version, 2)
    assert.equal(Version.parse(await (await bench.request('/datasets/list-a/versions/1')).json()).version, 1)
  })

  it('gives the rows of a version in their order, page by page', async () => {
    await send(
      'paged',
      `i,t,b,s\n${Array.from({ length: 5 }, (_, i) => `${i},2024-01-0${i + 1},${i % 2 === 0},"x\n${i}"\n`).join('')}`,
    )
    const rows: unknown[] = []
    let after: string | undefined = '0'
    const pages: number[] = []
    while (after !== undefined) {
      const page = Rows.parse(
        await (await bench.request(`/datasets/paged/versions/1/rows?limit=2&after=${after}`)).json(),
      )
      rows.push(...page.items)
      pages.push(page.items.length)
      after = page.next
    }

    assert.deepEqual(pages, [2, 2, 1])
    assert.deepEqual(rows[3], { i: 3, t: '2024-01-04T00:00:00Z', b: false, s: 'x\n3' })
    const beyond = await bench.request('/datasets/paged/versions/1/rows?after=99')
    assert.deepEqual(await beyond.json(), { items: [] })
  })

  const csv = { 'Content-Type': 'text/csv' }
  const bad: readonly [string, string, RequestInit & { body?: string }, number, string, string?][] = [
    ['no name', '/datasets', { method: 'POST', body: 'a\n1\n', headers: csv }, 400, 'invalid_input', '/name'],
    [
      'a name that is none',
      '/datasets?name=A%20b',
      { method: 'POST', body: 'a\n1\n', headers: csv },
      400,
      'invalid_input',
      '/name',
    ],
    [
      'an unknown parameter',
      '/datasets?name=bad&x=1',
      { method: 'POST', body: 'a\n1\n', headers: csv },
      400,
      'invalid_input',
      '/x',
    ],
    ['no body', '/datasets?name=bad', { method: 'POST', headers: csv }, 422, 'unprocessable', '/line/1'],
    [
      'an untyped body',
      '/datasets?name=bad',
      { method: 'POST', body: 'a\n1\n', headers: { 'Content-Type': '' } },
      415,
      'unsupported_media_type',
    ],
    [
      'an image',
      '/datasets?name=bad',
      { method: 'POST', body: 'x', headers: { 'Content-Type': 'image/png' } },
      415,
      'unsupported_media_type',
    ],
    [
      'an unknown charset',
      '/datasets?name=bad',
      { method: 'POST', body: 'a\n1\n', headers: { 'Content-Type': 'text/csv; charset=x' } },
      415,
      'unsupported_media_type',
    ],
    [
      'an unknown encoding',
      '/datasets?name=bad',
      { method: 'POST', body: 'a\n1\n', headers: { ...csv, 'Content-Encoding': 'br' } },
      415,
      'unsupported_media_type',
    ],
    [
      'gzip that is none',
      '/datasets?name=bad',
      { method: 'POST', body: 'a\n1\n', headers: { ...csv, 'Content-Encoding': 'gzip' } },
      422,
      'unprocessable',
    ],
    [
      'a ragged row',
      '/datasets?name=bad',
      { method: 'POST', body: 'a,b\n1,2\n3\n', headers: csv },
      422,
      'unprocessable',
      '/line/3',
    ],
    [
      'two columns of one name',
      '/datasets?name=bad',
      { method: 'POST', body: 'a,a\n1,2\n', headers: csv },
      422,
      'unprocessable',
      '/line/1',
    ],
    [
      'no data row',
      '/datasets?name=bad',
      { method: 'POST', body: 'a,b\n', headers: csv },
      422,
      'unprocessable',
      '/line/2',
    ],
    [
      'a form without boundary',
      '/datasets?name=bad',
      { method: 'POST', body: 'x', headers: { 'Content-Type': 'multipart/form-data' } },
      400,
      'invalid_input',
    ],
    [
      'Parquet that is none',
      '/datasets?name=bad',
      { method: 'POST', body: 'x', headers: { 'Content-Type': 'application/vnd.apache.parquet' } },
      422,
      'unprocessable',
      '',
    ],
    ['a dataset that is not there', '/datasets/none', {}, 404, 'not_found'],
    ['a version that is not there', '/datasets/people/versions/9', {}, 404, 'not_found'],
    ['a version that is no number', '/datasets/people/versions/one', {}, 404, 'not_found'],
    ['a version that is too large a number', '/datasets/people/versions/99999999999', {}, 404, 'not_found'],
    ['rows of a version that is not there', '/datasets/none/versions/1/rows', {}, 404, 'not_found'],
    ['a name in the path that is none', '/datasets/A%20b', {}, 400, 'invalid_input', '/name'],
    ['a limit of none', '/datasets?limit=0', {}, 400, 'invalid_input', '/limit'],
    ['a limit that is too large', '/datasets/people/versions/1/rows?limit=100000', {}, 400, 'invalid_input', '/limit'],
    ['a place that is no number', '/datasets/people/versions/1/rows?after=x', {}, 400, 'invalid_input', '/after'],
    ['a method that is not taken', '/datasets/people', { method: 'PATCH' }, 405, 'method_not_allowed'],
  ]
  for (const [what, path, init, status, code, pointer] of bad) {
    it(`answers ${status} to ${what}, and registers nothing`, async () => {
      const before = await bench.emitted()

      const answer = await bench.request(path, init)

      const text = await answer.text()
      assert.equal(answer.status, status, text)
      const problem = Problem.parse(JSON.parse(text))
      assert.equal(problem.code, code)
      if (pointer !== undefined) assert.equal(problem.errors?.[0]?.pointer, pointer)
      assert.deepEqual(await bench.emitted(), before)
      assert.equal((await bench.request('/datasets/bad')).status, 404)
    })
  }
})
