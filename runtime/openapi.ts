import type { Hono } from 'hono'
import * as z from 'zod'
import { problemResponses } from './problem-responses.ts'
import type { RouteSpec } from './routes.ts'
import { combined, specOf } from './routes.ts'

const PROBLEM = {
  type: 'object',
  required: ['type', 'title', 'status', 'detail', 'code'],
  properties: {
    type: { type: 'string' },
    title: { type: 'string' },
    status: { type: 'integer' },
    detail: { type: 'string' },
    code: { type: 'string' },
    errors: {
      type: 'array',
      items: {
        type: 'object',
        required: ['pointer', 'reason'],
        properties: { pointer: { type: 'string' }, reason: { type: 'string' } },
      },
    },
    trace: { type: 'string' },
  },
} as const

const IDEMPOTENCY_KEY = {
  name: 'Idempotency-Key',
  in: 'header',
  required: false,
  description:
    'The same key again within 24 hours: the same answer, and nothing done twice. 409 `in_progress` while the first request is in flight; ' +
    '409 `outcome_unknown` where it took effect and its answer was lost: look at what it made; 422 `key_reused` for another request.',
  schema: { type: 'string', minLength: 1, maxLength: 255 },
} as const

/** An OpenAPI 3.1 document of the routes, from the schemas that stand in their lines. */
export function openapi(info: { readonly name: string; readonly summary: string }, app: Hono) {
  const paths: Record<string, Record<string, unknown>> = {}
  for (const [key, specs] of byRoute(app)) {
    const [method = '', path = ''] = key.split(' ')
    const place = path.replace(/:(\w+)(\{(?:[^{}]|\{[^}]*\})*\})?/g, '{$1}')
    paths[place] = { ...paths[place], [method.toLowerCase()]: operation(combined(specs), place) }
  }
  return {
    openapi: '3.1.0',
    info: { title: info.name, summary: info.summary, version: '1' },
    paths,
    components: { schemas: { Problem: PROBLEM } },
  }
}

/** Hono lists a route's middleware and its handler as entries of the same method and path. */
function byRoute(app: Hono): Map<string, RouteSpec[]> {
  const routes = new Map<string, RouteSpec[]>()
  for (const { method, path, handler } of app.routes) {
    if (method === 'ALL') continue
    const key = `${method} ${path}`
    routes.set(key, [...(routes.get(key) ?? []), specOf(handler) ?? {}])
  }
  return routes
}

function operation({ summary, body, media, query, event, answers, idempotent, errors = [] }: RouteSpec, path: string) {
  const params = [...path.matchAll(/\{([^}]+)\}/g)].map(([, name]) => name)
  const content = body
    ? { 'application/json': { schema: input(body) } }
    : event
      ? { 'application/json': { schema: input(event.data) } }
      : media && Object.fromEntries(media.map((type) => [type, {}]))
  return {
    summary: summary ?? (event ? `Takes in ${event.type}` : path),
    parameters: [
      ...params.map((name) => ({
        name,
        in: 'path',
        required: true,
        schema: { type: 'string' },
      })),
      ...(query ? queryParameters(query) : []),
      ...(idempotent ? [IDEMPOTENCY_KEY] : []),
    ],
    ...(content ? { requestBody: { required: true, content } } : {}),
    responses: {
      ...Object.fromEntries(Object.entries(answers ?? (event ? { 204: null } : { 200: z.unknown() })).map(response)),
      ...(event ? { 204: { description: 'Handled, now or before' } } : {}),
      ...problemResponses([...errors, ...(params.length > 0 ? (['invalid_input', 'not_found'] as const) : [])]),
    },
  }
}

type Answer = NonNullable<RouteSpec['answers']>[number]

function response([status, answer]: [string, Answer]): [string, unknown] {
  if (answer === null) return [status, { description: 'Done' }]
  if (typeof answer === 'object' && '_zod' in answer)
    return [status, { description: 'Done', content: { 'application/json': { schema: output(answer) } } }]
  const types = [answer].flat()
  return [status, { description: types.join(' or '), content: Object.fromEntries(types.map((type) => [type, {}])) }]
}

function queryParameters(query: z.ZodType) {
  const { properties = {}, required = [] } = input(query)
  return Object.entries(properties).map(([name, schema]) => ({
    name,
    in: 'query',
    required: required.includes(name),
    schema,
  }))
}

function input(schema: z.ZodType) {
  return plain(z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any', override: portable }))
}

function output(schema: z.ZodType) {
  return plain(z.toJSONSchema(schema, { io: 'output', unrepresentable: 'any', override: portable }))
}

function plain({ $schema: _, ...schema }: z.core.JSONSchema.BaseSchema) {
  return schema
}

/** Leaves out patterns that name Unicode properties: JSON Schema allows them, and the expressions of Python, Go and Java know others or none. */
function portable({ jsonSchema }: { readonly jsonSchema: z.core.JSONSchema.BaseSchema }): void {
  if (jsonSchema.pattern?.includes('\\p{')) delete jsonSchema.pattern
}
