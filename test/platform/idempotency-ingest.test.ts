import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { gzipSync } from 'node:zlib'
import type { FunctionTest } from '../../build/testkit/setup.ts'
import { setup } from '../../build/testkit/setup.ts'
import ingest from '../../functions/ingest/function.ts'

describe('an Idempotency-Key of ingest', () => {
  let bench: FunctionTest
  before(async () => {
    bench = await setup(ingest)
  })
  after(() => bench.close())

  const send = (body: string | Uint8Array | FormData, key: string, type = 'text/csv'): Promise<Response> =>
    bench.request(`/datasets?name=${key}`, {
      method: 'POST',
      body,
      headers: { 'Idempotency-Key': key, ...(body instanceof FormData ? {} : { 'Content-Type': type }) },
    })
  const form = (csv: string): FormData => {
    const fields = new FormData()
    fields.set('file', new File([csv], 'a.csv', { type: 'text/csv' }))
    fields.set('note', 'read by nobody '.repeat(10_000))
    return fields
  }
  const bodies = { csv: (csv: string) => csv, gzip: (csv: string) => gzipSync(csv), form }
  for (const [kind, made] of Object.entries(bodies)) {
    it(`answers 201 again for the same ${kind} and 422 for another of the same length`, async () => {
      const first = await send(made('a\n1\n'), kind)
      const [again, other] = [await send(made('a\n1\n'), kind), await send(made('a\n2\n'), kind)]

      assert.deepEqual([first.status, again.status, other.status], [201, 201, 422])
      assert.equal(again.headers.get('idempotency-replayed'), 'true')
      assert.deepEqual(await again.json(), await first.json())
      assert.equal((await bench.emitted()).filter(({ key }) => key === kind).length, 1)
    })
  }

  it('stays free where the body was refused before its end', async () => {
    const picture = await send('a\n1\n', 'refused', 'image/png')
    const table = await send('a\n1\n', 'refused')

    assert.deepEqual([picture.status, table.status], [415, 201])
  })
})
