import type { Context, MiddlewareHandler } from 'hono'
import * as z from 'zod'
import { decodeAttribute } from './ce-headers.ts'
import { requestContext } from './context.ts'
import type { ErrorCode, Fault } from './errors.ts'
import { PlatformError } from './errors.ts'
import type { EventType } from './event.ts'
import { readJson } from './json.ts'
import { specified } from './routes.ts'

export { atMost } from './at-most.ts'
export { idempotent } from './idempotent.ts'
export { answers } from './routes.ts'

/** What a JSON body is refused for. */
const UNREADABLE = ['invalid_input', 'unsupported_media_type', 'too_large'] as const

type Json<data> = MiddlewareHandler<object, string, { in: { json: data }; out: { json: data } }>
type Search<data> = MiddlewareHandler<object, string, { in: { query: data }; out: { query: data } }>

/** A name of a dataset, view, pipeline, model, project or script: a DNS label. */
export const Name = z
  .string()
  .regex(
    /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/,
    'must be lower-case letters, digits and dashes, at most 63, as in sales-2024',
  )

/** Text that a database can be asked for: no NUL, no half of a surrogate pair. */
export const Text = z
  .string()
  .refine((text) => !text.includes('\0') && text.isWellFormed(), 'must be text without NUL or halves of characters')

/** `limit` and `after` of a list. */
export const Page = z.object({
  limit: z.coerce.number().int().min(1).max(1000).default(100),
  after: Text.optional(),
})

/** Parses the JSON body with `schema`; the handler reads it as `c.req.valid('json')`. It may be left out where `{}` would do. */
export function body<schema extends z.ZodType<object>>(schema: schema): Json<z.output<schema>> {
  const mayBeLeftOut = schema.safeParse({}).success
  async function body(c: Context, next: () => Promise<void>): Promise<void> {
    const value = mayBeLeftOut && (await isLeftOut(c)) ? {} : await readJson(c)
    c.req.addValidatedData('json', parse(schema, value, 'the body is not what this route takes'))
    await next()
  }
  return specified<Json<z.output<schema>>>(body, { body: schema, errors: UNREADABLE })
}

/** Parses the query string; the handler reads it as `c.req.valid('query')`. Unknown and repeated parameters are refused. */
export function query<shape extends z.ZodRawShape>(schema: z.ZodObject<shape>): Search<z.output<z.ZodObject<shape>>> {
  const strict = schema.strict()
  async function query(c: Context, next: () => Promise<void>): Promise<void> {
    c.req.addValidatedData('query', parse(strict, once(c), 'the query is not what this route takes'))
    await next()
  }
  return specified<Search<z.output<z.ZodObject<shape>>>>(query, { query: schema, errors: ['invalid_input'] })
}

/** Says which media types a route takes whose body the handler reads as it comes. */
export function media(...types: readonly string[]): MiddlewareHandler {
  return specified<MiddlewareHandler>((_c, next) => next(), { media: types })
}

/** A name in the path, checked like one in a body. */
export function nameParam(c: Context, param: string): string {
  const parsed = Name.safeParse(c.req.param(param))
  if (parsed.success) return parsed.data
  throw new PlatformError('invalid_input', `the path holds no good name: ${JSON.stringify(c.req.param(param))}`, {
    errors: parsed.error.issues.map(({ message }) => ({ pointer: `/${param}`, reason: message })),
  })
}

/**
 * Takes in a CloudEvent (HTTP binary mode) of this type, from the engine alone; its data reads like a body.
 * One that this route has handled answers 204 and does not reach the handler. `errors` are the codes of what the handler refuses.
 */
export function event<data extends object>(type: EventType<data, string>, ...errors: readonly ErrorCode[]): Json<data> {
  async function event(c: Context, next: () => Promise<void>): Promise<Response | undefined> {
    const context = requestContext.getStore()
    if (context?.caller?.kind !== 'engine') {
      throw new PlatformError('unauthenticated', 'events are delivered by the engine alone: send them to /_mezz/events')
    }
    const attributes = Attributes.parse(c)
    if (attributes.type !== type.type)
      throw new PlatformError('invalid_input', `expected ${type.type}, got ${attributes.type}`)
    const data = parse(type.data, await readJson(c), `the data is not that of ${type.type}`)
    context.event = { ...attributes, path: c.req.path, begun: false }
    if (await context.inbox?.knows(context.event)) return c.body(null, 204)
    c.req.addValidatedData('json', data)
    await next()
    return undefined
  }
  return specified<Json<data>>(event, { event: type, errors: [...UNREADABLE, ...errors] })
}

const Attributes = {
  parse(c: Context) {
    const get = (name: string): string => decodeAttribute(c.req.header(`ce-${name}`) ?? '')
    const missing = ['specversion', 'id', 'source', 'type'].filter((name) => !get(name))
    if (missing.length > 0 || get('specversion') !== '1.0') {
      throw new PlatformError('invalid_input', 'a CloudEvent 1.0 in HTTP binary mode was expected', {
        errors: missing.map((name) => ({ pointer: `/ce-${name}`, reason: 'missing header' })),
      })
    }
    return {
      id: get('id'),
      source: get('source'),
      type: get('type'),
      correlationid: get('correlationid') || get('id'),
      authtype: get('authtype') || 'unauthenticated',
      authid: get('authid'),
    }
  },
}

async function isLeftOut(c: Context): Promise<boolean> {
  return c.req.header('content-type') === undefined && (await c.req.text()) === ''
}

/** Each parameter and its value; which of two would count is nobody's guess. */
function once(c: Context): Record<string, string> {
  const given = [...new URL(c.req.url).searchParams]
  const names = given.map(([name]) => name)
  const repeated = names.filter((name, at) => names.indexOf(name) !== at)
  if (repeated.length === 0) return Object.fromEntries(given)
  throw new PlatformError('invalid_input', 'the query is not what this route takes', {
    errors: repeated.map((name) => ({ pointer: pointer([name]), reason: 'given more than once' })),
  })
}

function parse<schema extends z.ZodType>(schema: schema, value: unknown, message: string): z.output<schema> {
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  throw new PlatformError('invalid_input', message, { errors: parsed.error.issues.flatMap(faults) })
}

function faults(issue: z.core.$ZodIssue): Fault[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({ pointer: pointer([...issue.path, key]), reason: 'unknown field' }))
  }
  return [{ pointer: pointer(issue.path), reason: issue.message }]
}

/** RFC 6901. */
export function pointer(path: readonly PropertyKey[]): string {
  return path.map((step) => `/${String(step).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')
}
