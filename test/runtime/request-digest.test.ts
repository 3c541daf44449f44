import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Hono } from 'hono'
import type { GrowingDigest, RequestDigest } from '../../runtime/request-digest.ts'
import { requestDigest } from '../../runtime/request-digest.ts'

const FORM = ['--B\r\nContent-Disposition: form-data; name="file"\r\n\r\n', '1,2\r\n', '\r\n--B--\r\n'].join('')

/** What `work` makes of the digest of a POST whose body comes in pieces of `size` bytes; `pieces` are those that were fetched. */
async function digesting<result>(
  { type, body, size = 1000, taken }: { type: string; body: string; size?: number; taken?: object },
  work: (digest: GrowingDigest, text: () => Promise<string>) => Promise<result>,
): Promise<{ result: result | undefined; pieces: number }> {
  let [result, pieces]: [result | undefined, number] = [undefined, 0]
  const all = Buffer.from(body)
  const stream = new ReadableStream<Uint8Array>(
    {
      pull(to) {
        if (pieces * size >= all.length) to.close()
        else to.enqueue(all.subarray(pieces * size, ++pieces * size))
      },
    },
    { highWaterMark: 0 },
  )
  const app = new Hono().post('/', async (c) => {
    result = await work(requestDigest(c, taken), () => c.req.text())
    return c.body(null, 204)
  })
  const answer = await app.request('/', {
    method: 'POST',
    body: stream,
    duplex: 'half',
    headers: { 'Content-Type': type },
  })
  assert.equal(answer.status, 204)
  return { result, pieces }
}

async function finished(request: Parameters<typeof digesting>[0]): Promise<RequestDigest | null | undefined> {
  return (await digesting(request, (digest) => digest.finish())).result
}

describe('the digest of a request', () => {
  it('is that of the bytes, whatever pieces they come in, and whoever reads them', async () => {
    const request = { type: 'text/csv', body: 'a,b\n1,2\n', size: 3 }
    const whole = await finished({ ...request, size: 100 })

    const { result } = await digesting(request, async (digest, text) => {
      const before = digest.soFar()
      return { before, text: await text(), after: digest.soFar(), finish: await digest.finish() }
    })

    assert.deepEqual(result, { before: null, text: request.body, after: whole, finish: whole })
    assert.equal(whole?.bytes, 8)
    assert.notDeepEqual(await finished({ ...request, body: 'a,b\n1,3\n' }), whole)
  })

  it('leaves the boundary of a form out, wherever its pieces end', async () => {
    const whole = await finished({ type: 'multipart/form-data; boundary=B', body: FORM })

    for (const boundary of ['----WebKitFormBoundary7MA4', 'B']) {
      const body = FORM.replaceAll('--B', `--${boundary}`)
      for (let size = 1; size <= body.length; size++) {
        const type = `Multipart/Form-Data; Boundary="${boundary}"`
        assert.deepEqual(await finished({ type, body, size }), whole, `${boundary} in pieces of ${size}`)
      }
    }
    const other = FORM.replace('1,2', '1,3')
    assert.notDeepEqual(await finished({ type: 'multipart/form-data; boundary=B', body: other }), whole)
  })

  it('knows a charset from another, and no other parameter', async () => {
    const of = (type: string) => finished({ type, body: 'a\n1\n' })
    const plain = await of('text/csv')

    assert.deepEqual(await of('TEXT/CSV ; header=absent'), plain)
    assert.notDeepEqual(await of('text/csv; charset=gbk'), plain)
    assert.deepEqual(await of('text/csv; charset="GBK"'), await of('text/csv;charset=gbk'))
    assert.notDeepEqual(await of('text/plain'), plain)
  })

  it('reads no further than the bytes it is told', async () => {
    const request = { type: 'text/csv', body: 'x'.repeat(100), size: 10 }

    assert.deepEqual(await digesting(request, (digest) => digest.finish(25)), { result: null, pieces: 3 })
    assert.equal((await digesting(request, (digest) => digest.finish(100))).result?.bytes, 100)
  })

  it('is that of what was read already, where something was', async () => {
    const request = { type: 'application/json', body: '{"a":1}', taken: { a: 1 } }

    const { result, pieces } = await digesting(request, async (digest) => digest.soFar())

    assert.equal(pieces, 0)
    assert.deepEqual(result, await finished({ ...request, body: '{ "a": 1 }' }))
    assert.notDeepEqual(result, await finished({ ...request, taken: { a: 2 } }))
  })
})
