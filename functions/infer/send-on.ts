import type { Context, MiddlewareHandler } from 'hono'
import type { Own } from 'mezz/define'
import { PlatformError } from 'mezz/errors'
import { nameParam } from 'mezz/validate'
import type { Library } from './library.ts'

const SELF = 'infer'

/** Sends on (307) what asks for a model that has processes of its own; in these, refuses what asks for another. */
export function sendOn(models: Pick<Library, 'endpoint'>, { model: own }: Own = {}): MiddlewareHandler {
  return async function sendOn(c, next) {
    const model = nameParam(c, 'model')
    if (own !== undefined && own !== model)
      throw new PlatformError('not_found', `here the model ${own} is served alone: ask ${SELF} for ${model}`)
    const endpoint = own === undefined ? await models.endpoint(model) : null
    if (endpoint === null) return next()
    return c.body(null, 307, { Location: placeOf(c, endpoint) })
  }
}

/**
 * The same route of another function, relative to where the caller asked: by the step of the path that names this one, or
 * by its host (`infer.<team>…`).
 */
function placeOf(c: Context, endpoint: string): string {
  const { pathname, search } = new URL(c.req.url)
  const rest = pathname + search
  if (c.req.header('x-forwarded-prefix')) return '../'.repeat(pathname.split('/').length - 1) + endpoint + rest
  const host = c.req.header('host') ?? ''
  if (host.startsWith(`${SELF}.`)) return `//${endpoint}${host.slice(SELF.length)}${rest}`
  throw new PlatformError('conflict', `this model is served by ${endpoint}: ask there`)
}
