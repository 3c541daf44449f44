import assert from 'node:assert/strict'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import * as z from 'zod'
import type { FunctionTest } from '../../../build/testkit/setup.ts'
import { setup } from '../../../build/testkit/setup.ts'
import ingest from '../../../functions/ingest/function.ts'
import { Rows, Version } from '../../../functions/ingest/version.ts'
import { duckdbTables } from '../../../runtime/adapters/duckdb.ts'
import { annotationCompleted, datasetIngested } from '../../../triggers/events.ts'

const Problem = z.object({ code: z.string(), detail: z.string() })

for (const twice of [false, true]) {
  describe(`the labels of a project${twice ? ', each event twice' : ''}`, () => {
    let bench: FunctionTest
    before(async () => {
      bench = await setup(ingest, { twice })
    })
    after(() => bench.close())

    const send = (name: string, csv: string) =>
      bench.request(`/datasets?name=${name}`, { method: 'POST', body: csv, headers: { 'Content-Type': 'text/csv' } })

    /** Brings labels by row index for a version of a dataset. */
    async function annotate(
      dataset: string,
      labels: Readonly<Record<number, string>>,
      { version = 1, column = 'label' }: { readonly version?: number; readonly column?: string } = {},
    ): Promise<Response> {
      const { objects } = bench
      const tables = duckdbTables({ objects, folder: join(tmpdir(), 'mezz-annotated-test'), memoryLimit: '150MB' })
      const values = Object.entries(labels).map(([row, label]) => `(${row}::bigint, '${label}')`)
      const { rows: _, ...ref } = await tables.open({}, (session) =>
        session.store(`select * from (values ${values.join(', ')}) t("row", label) order by 1`),
      )
      return bench.deliver(annotationCompleted, { project: 'p', dataset, version, labels: ref, column })
    }
    const newest = async (dataset: string) => Version.parse(await (await bench.request(`/datasets/${dataset}`)).json())
    async function rows(dataset: string) {
      const { version } = await newest(dataset)
      return Rows.parse(await (await bench.request(`/datasets/${dataset}/versions/${version}/rows`)).json()).items
    }
    const told = async (dataset: string) =>
      (await bench.emitted())
        .map(({ data }) => datasetIngested.data.parse(data))
        .filter((data) => data.dataset === dataset)

    it('become a column behind the others of a new version, which is told of', async () => {
      await send('mail', '文,n\n好,1\n"a ""b""",2\n,3\n')

      const answer = await annotate('mail', { 0: 'ja', 2: 'nein, "nein"' }, { column: '标签' })

      assert.equal(answer.status, 204)
      assert.deepEqual(await rows('mail'), [
        { 文: '好', n: 1, 标签: 'ja' },
        { 文: 'a "b"', n: 2, 标签: null },
        { 文: null, n: 3, 标签: 'nein, "nein"' },
      ])
      const { version, rows: count, columns, digest } = await newest('mail')
      assert.deepEqual([version, count], [2, 3])
      assert.deepEqual(columns.at(-1), {
        name: '标签',
        type: 'text',
        nulls: 1,
        distinct: 2,
        min: 'ja',
        max: 'nein, "nein"',
      })
      assert.deepEqual(columns.slice(0, 2), (await bench.request('/datasets/mail/versions/1').then(read)).columns)
      const event = (await told('mail')).at(-1)
      assert.deepEqual([event?.version, event?.digest, event?.rows], [2, digest, 3])
      assert.deepEqual(event?.schema.at(-1), { name: '标签', type: 'text' })
    })

    it('have the digest of the Parquet file that they are in, so that this one sent again is no new version', async () => {
      await send('digest', 'a,b\n1,x\n2,y\n')
      await annotate('digest', { 0: 'yes' })
      const part = (await told('digest')).at(-1)?.parts[0]
      const chunks: Uint8Array[] = []
      for await (const chunk of (await bench.objects.read(part?.name ?? ''))?.body ?? []) chunks.push(chunk)

      const again = await bench.request('/datasets?name=digest', {
        method: 'POST',
        body: Buffer.concat(chunks),
        headers: { 'Content-Type': 'application/vnd.apache.parquet' },
      })

      assert.equal(again.status, 200)
      assert.deepEqual(Version.parse(await again.json()), await newest('digest'))
    })

    it('take the place of the column of their name, whatever its case and type', async () => {
      await send('replaced', 'a,Label,b\n1,7,x\n2,8,y\n')

      await annotate('replaced', { 1: 'yes' }, { column: 'label' })

      assert.deepEqual(await rows('replaced'), [
        { a: 1, Label: null, b: 'x' },
        { a: 2, Label: 'yes', b: 'y' },
      ])
      assert.deepEqual(
        (await newest('replaced')).columns.map(({ name, type }) => `${name} ${type}`),
        ['a number', 'Label text', 'b text'],
      )
    })

    it('make no version where the newest one holds them already', async () => {
      await send('same', 'a,label\n1,yes\n2,\n')

      const answer = await annotate('same', { 0: 'yes' })

      assert.equal(answer.status, 204)
      assert.equal((await newest('same')).version, 1)
      assert.equal((await told('same')).length, 1)
    })

    it('of two projects on one version stand side by side', async () => {
      await send('both', 'a\n1\n2\n')

      await annotate('both', { 0: 'angry' }, { column: 'mood' })
      await annotate('both', { 1: 'bills' }, { column: 'topic' })

      assert.equal((await newest('both')).version, 3)
      assert.deepEqual(await rows('both'), [
        { a: 1, mood: 'angry', topic: null },
        { a: 2, mood: null, topic: 'bills' },
      ])
    })

    it('go to a newer version that begins with the rows that were labelled', async () => {
      await send('grown', 'a,label\n1,old\n,\n')
      await send('grown', 'more,a,label\nx,1,\ny,,\nz,3,new\n')

      const answer = await annotate('grown', { 0: 'yes', 1: 'no' })

      assert.equal(answer.status, 204)
      assert.deepEqual(await rows('grown'), [
        { more: 'x', a: 1, label: 'yes' },
        { more: 'y', a: null, label: 'no' },
        { more: 'z', a: 3, label: null },
      ])
    })

    for (const [what, name, csv, reason] of [
      [
        'has other rows',
        'other-rows',
        'a,b\n1,x\n3,y\n',
        /other-rows@1 was annotated.*other-rows@2.*has another row 1/,
      ],
      ['has fewer rows', 'fewer-rows', 'a,b\n1,x\n', /has 1 rows, not 2/],
      ['lacks a column', 'lacking', 'a\n1\n2\n', /has no column b of type text/],
      ['has a column of another type', 'retyped', 'a,b\n1,5\n2,6\n', /has no column b of type text/],
    ] as const) {
      it(`are refused with the reason where a newer version ${what}, and change nothing`, async () => {
        await send(name, 'a,b\n1,x\n2,y\n')
        await send(name, csv)

        const answer = await annotate(name, { 0: 'yes' })

        assert.equal(answer.status, 422)
        assert.match(Problem.parse(await answer.json()).detail, reason)
        assert.equal((await newest(name)).version, 2)
        assert.equal((await told(name)).length, 2)
      })
    }

    it('are refused where the version that was labelled is not there', async () => {
      const answer = await annotate('nowhere', { 0: 'yes' })

      assert.equal(answer.status, 422)
      assert.match(Problem.parse(await answer.json()).detail, /no nowhere@1/)
    })

    // The kit cuts one delivery at a time.
    if (twice) return

    it('of projects that are completed at once come in one after the other', async () => {
      await send('raced', 'a\n1\n2\n')
      const brought = ['one', 'two', 'three'].map((column) => ({ column, labels: { 1: column } }))
      const bring = ({ column, labels }: (typeof brought)[number]) => annotate('raced', labels, { column })

      // As the engine does: what was not to be done now is brought again.
      for (let left = brought; left.length > 0; ) {
        const statuses = (await Promise.all(left.map(bring))).map(({ status }) => status)
        assert.ok(statuses.includes(204), String(statuses))
        left = left.filter((_, i) => statuses[i] === 503)
      }

      assert.equal((await newest('raced')).version, 4)
      assert.deepEqual((await rows('raced'))[1], { a: 2, one: 'one', two: 'two', three: 'three' })
    })
  })
}

async function read(response: Response): Promise<z.infer<typeof Version>> {
  return Version.parse(await response.json())
}
