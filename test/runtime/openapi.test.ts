import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { Hono } from 'hono'
import * as z from 'zod'
import { defineEvent } from '../../runtime/event.ts'
import { openapi } from '../../runtime/openapi.ts'
import { answers, atMost, body, event, idempotent, media, Page, query } from '../../runtime/validate.ts'

const Thing = z.object({ name: z.string(), size: z.int().default(1) })
const thingSeen = defineEvent({ type: 'thing.seen.v1', topic: 'things', data: Thing, key: ({ name }) => name })
const done = () => new Response()

const routes = new Hono()
  .use('/things/*', (_c, next) => next())
  .get('/things', query(Page), answers('Lists things', { 200: z.array(Thing) }), done)
  .post('/things', body(Thing), answers('Makes a thing', { 200: Thing, 201: Thing }, 'conflict'), done)
  .delete('/things/:thing_1', answers('Removes a thing', { 204: null }), done)
  .get('/things/:name/versions/:v{[0-9]{1,4}}/bytes', answers('The bytes', { 200: 'application/octet-stream' }), done)
  .get('/files/:name', answers('A file', { 200: ['text/csv', 'application/x-ndjson'] }), done)
  .put('/files/:name', media('text/csv', 'application/gzip'), done)
  .post('/events/thing-seen', event(thingSeen), done)
  .post(
    '/batches',
    answers('Takes many', { 202: null }, 'too_many_requests', 'unprocessable'),
    idempotent(),
    atMost(9),
    done,
  )
const document = openapi({ name: 'things', summary: 'Keeps things' }, routes)
const operation = (path: string, method: string) => z.looseObject({}).parse(document.paths[path]?.[method])

describe('the OpenAPI document', () => {
  it("is valid by the OpenAPI Initiative's own schema of 3.1", () => {
    const ajv = new Ajv2020({ strict: false, validateFormats: false })
    const validate = ajv.compile(JSON.parse(readFileSync('test/oracle/openapi/3.1.schema.json', 'utf8')))

    assert.ok(validate(JSON.parse(JSON.stringify(document))), ajv.errorsText(validate.errors))
    assert.ok(!validate({ ...document, paths: { things: {} } }), 'the schema finds faults')
  })

  it('holds a pattern only where clients of other languages can read it', () => {
    const Line = z.object({ line: z.string().regex(/^[^\p{Cc}]*$/u), word: z.string().regex(/^[a-z]+$/) })
    const app = new Hono().post('/lines', body(Line), answers('Takes a line', { 200: Line }), done)

    const { paths } = openapi({ name: 'lines', summary: 'Takes lines' }, app)

    const text = JSON.stringify(paths)
    assert.ok(!text.includes('p{Cc}'), text)
    assert.equal(text.split('^[a-z]+$').length - 1, 2)
  })

  it('names each path parameter, whatever its pattern', () => {
    assert.deepEqual(Object.keys(document.paths).sort(), [
      '/batches',
      '/events/thing-seen',
      '/files/{name}',
      '/things',
      '/things/{name}/versions/{v}/bytes',
      '/things/{thing_1}',
    ])
    const { parameters } = operation('/things/{name}/versions/{v}/bytes', 'get')
    assert.deepEqual(parameters, [
      { name: 'name', in: 'path', required: true, schema: { type: 'string' } },
      { name: 'v', in: 'path', required: true, schema: { type: 'string' } },
    ])
  })

  it('has the query parameters, of which those with a default may be left out', () => {
    const { parameters } = operation('/things', 'get')

    assert.deepEqual(z.array(z.object({ name: z.string(), in: z.string(), required: z.boolean() })).parse(parameters), [
      { name: 'limit', in: 'query', required: false },
      { name: 'after', in: 'query', required: false },
    ])
  })

  it('has what a body needs as it comes in, and what an answer holds as it goes out', () => {
    const text = JSON.stringify(operation('/things', 'post'))

    assert.match(
      text,
      /"requestBody":\{"required":true,"content":\{"application\/json":\{"schema":\{[^[]*"required":\["name"\]/,
    )
    assert.match(
      text,
      /"201":\{"description":"Done","content":\{"application\/json":\{"schema":\{[^[]*"required":\["name","size"\]/,
    )
  })

  it('has an event route with its data, and 204', () => {
    const text = JSON.stringify(operation('/events/thing-seen', 'post'))

    assert.match(text, /Takes in thing\.seen\.v1/)
    assert.match(text, /"204":/)
    assert.doesNotMatch(text, /"200":/)
  })

  it('has bytes in and out as media types without a schema', () => {
    assert.match(
      JSON.stringify(operation('/files/{name}', 'put')),
      /"content":\{"text\/csv":\{\},"application\/gzip":\{\}\}/,
    )
    assert.match(
      JSON.stringify(operation('/files/{name}', 'get')),
      /"200":\{[^{]*"content":\{"text\/csv":\{\},"application\/x-ndjson":\{\}\}/,
    )
    const bytes = JSON.stringify(operation('/things/{name}/versions/{v}/bytes', 'get'))
    assert.match(bytes, /"200":\{[^{]*"content":\{"application\/octet-stream":\{\}\}/)
  })

  it('names for each problem status the codes that follow from the line of the route, and no other', () => {
    const ANY = {
      401: ['unauthenticated'],
      403: ['forbidden'],
      500: ['internal'],
      503: ['unavailable'],
      504: ['timeout'],
    }
    const READ = { 400: ['invalid_input'], 413: ['too_large'], 415: ['unsupported_media_type'] }

    assert.deepEqual(problems('/files/{name}', 'put'), { ...ANY, 400: ['invalid_input'], 404: ['not_found'] })
    assert.deepEqual(problems('/things', 'get'), { ...ANY, 400: ['invalid_input'] })
    assert.deepEqual(problems('/things', 'post'), { ...ANY, ...READ, 409: ['conflict'] })
    assert.deepEqual(problems('/events/thing-seen', 'post'), { ...ANY, ...READ })
    assert.deepEqual(problems('/batches', 'post'), {
      ...ANY,
      400: ['invalid_input'],
      409: ['in_progress', 'outcome_unknown'],
      413: ['too_large'],
      422: ['key_reused', 'unprocessable'],
      429: ['too_many_requests'],
    })
  })

  it('says where Retry-After may come', () => {
    const { responses } = operation('/batches', 'post')

    const said = Object.entries(Responses.parse(responses)).filter(([, { headers }]) => headers?.['Retry-After'])
    assert.deepEqual(
      said.map(([status]) => status),
      ['409', '429', '503'],
    )
  })
})

const Responses = z.record(
  z.string(),
  z.object({ headers: z.record(z.string(), z.unknown()).optional(), content: z.unknown().optional() }),
)
const Coded = z.object({
  'application/problem+json': z.object({
    schema: z.object({
      allOf: z.tuple([
        z.unknown(),
        z.object({ properties: z.object({ code: z.object({ enum: z.array(z.string()) }) }) }),
      ]),
    }),
  }),
})

/** The codes of each problem status. */
function problems(path: string, method: string): Record<string, string[]> {
  const responses = Object.entries(Responses.parse(operation(path, method)['responses']))
  return Object.fromEntries(
    responses
      .filter(([status]) => Number(status) >= 400)
      .map(([status, { content }]) => {
        const { schema } = Coded.parse(content)['application/problem+json']
        return [status, schema.allOf[1].properties.code.enum]
      }),
  )
}
