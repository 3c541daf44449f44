import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Own } from 'mezz/define'
import * as z from 'zod'
import infer from '../../../functions/infer/function.ts'
import { functionSql } from '../../../runtime/adapters/function-sql.ts'
import { onnxruntimeModels } from '../../../runtime/adapters/onnxruntime.ts'
import { openDatabase } from '../../../runtime/adapters/postgres.ts'
import type { Objects } from '../../../runtime/ports.ts'

const Detail = z.object({ detail: z.string().optional() })
const ALIAS = JSON.stringify({ endpoint: 'infer-a', versions: [] })
const objects: Objects = {
  put: () => Promise.reject(new Error('nothing is stored here')),
  write: () => Promise.reject(new Error('nothing is stored here')),
  read: async (name) =>
    name === 'models/a/current'
      ? { bytes: ALIAS.length, body: ReadableStream.from([new TextEncoder().encode(ALIAS)]) }
      : null,
  list: async () => [],
  remove: async () => undefined,
  sweep: async () => false,
}
/** Never asked here. */
const { sql } = functionSql(openDatabase({ url: 'postgres://127.0.0.1:1/none' }))
const ask = async (path: string, headers: Record<string, string> = {}, own: Own = {}) => {
  const app = infer.app({ objects, models: onnxruntimeModels(), sql }, own)
  app.onError((error, c) => c.json({ detail: error.message }, 409))
  const answer = await app.request(`http://gate${path}`, {
    headers,
    method: path.endsWith('ready') ? 'GET' : 'POST',
  })
  return {
    status: answer.status,
    location: answer.headers.get('location'),
    detail: Detail.parse(answer.status === 307 ? {} : await answer.json()).detail,
  }
}
const byPrefix = { 'x-forwarded-prefix': '/acme/infer' }

describe('infer, of a model that has processes of its own', () => {
  for (const path of [
    '/models/a/predict',
    '/v2/models/a/ready',
    '/v2/models/a/versions/2/infer',
    '/models/a/predict?x=1',
  ]) {
    it(`sends ${path} on to the same route there`, async () => {
      const { status, location } = await ask(path, byPrefix)

      assert.equal(status, 307)
      assert.equal(new URL(location ?? '', `http://gate/acme/infer${path}`).href, `http://gate/acme/infer-a${path}`)
    })
  }

  it('sends on by its host where it has one', async () => {
    const { status, location } = await ask('/models/a/predict', { host: 'infer.acme.localhost:8080' })

    assert.equal(status, 307)
    assert.equal(location, '//infer-a.acme.localhost:8080/models/a/predict')
  })

  it('says where to ask when it cannot know how the caller reached it', async () => {
    assert.equal((await ask('/models/a/predict')).detail, 'this model is served by infer-a: ask there')
  })

  it('does not send on what it serves alone', async () => {
    const { status, detail } = await ask('/v2/models/a/ready', byPrefix, { model: 'a' })

    assert.deepEqual([status, detail], [409, 'no model a is published'])
  })

  it('serves no other there', async () => {
    const { detail } = await ask('/models/b/predict', byPrefix, { model: 'a' })

    assert.equal(detail, 'here the model a is served alone: ask infer for b')
  })
})
