import type { Context, Hono } from 'hono'
import type { RouterRoute } from 'hono/types'
import { PlatformError } from './errors.ts'

const METHODS = ['DELETE', 'GET', 'OPTIONS', 'PATCH', 'POST', 'PUT']

/** Why there is no route: `not_found`, or `method_not_allowed` with what is allowed in `Allow`. */
export function missing(app: Hono, c: Context): PlatformError {
  const methods = METHODS.filter((method) => app.router.match(method, c.req.path)[0].some(isOf(method)))
  if (methods.length === 0) return new PlatformError('not_found', `no route ${c.req.method} ${c.req.path}`)
  c.header('Allow', methods.join(', '))
  return new PlatformError('method_not_allowed', `${c.req.path} takes ${methods.join(', ')}, not ${c.req.method}`)
}

/** Middleware for all methods is found under each, and says nothing about the routes behind it. */
function isOf(method: string): (found: readonly [readonly [unknown, RouterRoute], ...unknown[]]) => boolean {
  return ([[, route]]) => route.method === method
}
