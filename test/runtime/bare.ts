import { Hono } from 'hono'
import type { AppOptions } from '../../runtime/app.ts'
import { createApp } from '../../runtime/app.ts'
import type { Caller } from '../../runtime/context.ts'
import { requestContext } from '../../runtime/context.ts'
import { defineFunction } from '../../runtime/define.ts'
import { developerOf } from '../../runtime/identity.ts'
import { createMetrics } from '../../runtime/metrics.ts'
import type { RequestLog } from '../../runtime/request-log.ts'

export const engine: Caller = { kind: 'engine', team: 'default', id: 'engine', type: 'system', scopes: [] }

export interface Bare {
  readonly app: Hono
  readonly log: readonly RequestLog[]
  ask(path: string, init?: RequestInit): Promise<Answer>
  /** A body of JSON, or text that claims to be. */
  post(path: string, body: unknown): Promise<Answer>
}

export interface Answer {
  readonly status: number
  readonly headers: Headers
  /** The body: JSON where it says so. */
  readonly body: unknown
  /** `status code pointer…` of a problem, the status of anything else. */
  readonly short: string
}

/** A function of these routes without any port, asked without a socket. */
export function bare(
  routes: (app: Hono) => Hono,
  {
    caller = developerOf('default'),
    timeout = 60,
    ...options
  }: Partial<AppOptions> & { readonly caller?: Caller | undefined; readonly timeout?: number } = {},
): Bare {
  const log: RequestLog[] = []
  const fn = defineFunction({
    name: 'bare',
    summary: 'Has no port',
    uses: [],
    scope: 'bare:use',
    timeout,
    app: () => routes(new Hono()),
  })
  const app = createApp(
    fn,
    {},
    {
      authenticate: async (_c, next) => {
        const context = requestContext.getStore()
        if (context) context.caller = caller
        await next()
      },
      metrics: createMetrics('bare'),
      log: (line) => log.push(line),
      ...options,
    },
  )
  async function ask(path: string, init?: RequestInit): Promise<Answer> {
    return answer(await app.request(path, init))
  }
  return {
    app,
    log,
    ask,
    post: (path, body) =>
      ask(path, {
        method: 'POST',
        body: typeof body === 'string' ? body : JSON.stringify(body),
        headers: { 'Content-Type': 'application/json' },
      }),
  }
}

async function answer(response: Response): Promise<Answer> {
  const text = await response.text()
  const { status, headers } = response
  const body: unknown = headers.get('content-type')?.includes('json') ? JSON.parse(text) : text
  return { status, headers, body, short: short(status, body) }
}

function short(status: number, body: unknown): string {
  if (!isProblem(body)) return String(status)
  return [status, body.code, ...(body.errors ?? []).map(({ pointer }) => pointer)].join(' ')
}

function isProblem(
  body: unknown,
): body is { readonly code: string; readonly errors?: readonly { readonly pointer: string }[] } {
  return typeof body === 'object' && body !== null && 'code' in body
}
