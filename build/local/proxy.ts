import type { IncomingMessage, ServerResponse } from 'node:http'
import { request as ask } from 'node:http'
import { pipeline } from 'node:stream'
import { setTimeout as after } from 'node:timers/promises'
import { proxiedScheme } from '../../runtime/browser.ts'
import { PlatformError } from '../../runtime/errors.ts'
import { toCaller, toProcess } from './headers.ts'
import type { Lease } from './lease.ts'
import type { Pool } from './pool.ts'

const GRACE_MS = 1000
const ROUTES_TRIED = 3

export interface Target {
  /** As the caller asked for it, before `path`; empty when the function has a host of its own. */
  readonly prefix: string
  /** With the query, undecoded. */
  readonly path: string
  /** In place of the request's own. */
  readonly traceparent?: string | undefined
}

/** Sends a request on to a process of the pool and its answer back, streaming both; rejects with what is to be answered instead. */
export async function forward(
  request: IncomingMessage,
  response: ServerResponse,
  { pool, ...target }: Target & { readonly pool: Pool },
): Promise<void> {
  const caller = new AbortController()
  response.once('close', () => caller.abort())
  for (let route = 1; route <= ROUTES_TRIED; route++) {
    const lease = await pool.acquire(caller.signal)
    if (await exchange({ request, response, lease, target, caller: caller.signal })) return
  }
  throw new PlatformError('unavailable', `${pool.name} takes no connection`, { retryAfter: 1 })
}

interface Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly lease: Lease
  readonly target: Target
  /** Ends when the caller has gone, or has all. */
  readonly caller: AbortSignal
}

/** Resolves with `false` when no byte of the request was written, so that another process may have it. */
function exchange({ request, response, lease, target, caller }: Exchange): Promise<boolean> {
  const { process, agent, coldStartMs, guard } = lease
  const { promise, resolve, reject } = Promise.withResolvers<boolean>()
  const upstream = ask({
    host: '127.0.0.1',
    port: process.port,
    method: request.method,
    path: target.path,
    headers: toProcess(request, { prefix: target.prefix, guard, traceparent: target.traceparent }),
    agent,
  })
  let connected = false
  let answered = false

  const fail = (outcome: 'failed' | 'hung', error: unknown) => {
    request.unpipe(upstream)
    upstream.destroy()
    lease.end(outcome)
    reject(error)
  }
  const deadline = setTimeout(() => {
    const took = new PlatformError('timeout', `no answer within ${lease.timeout / 1000} s`)
    // A caller who reads slowly is no reason to end a process that answers.
    fail(answered ? 'failed' : 'hung', took)
  }, lease.timeout + GRACE_MS)
  const leave = () => {
    upstream.destroy()
    lease.end('answered')
    resolve(true)
  }
  caller.addEventListener('abort', leave)
  promise.then(done, done)
  function done() {
    clearTimeout(deadline)
    caller.removeEventListener('abort', leave)
  }

  upstream.once('socket', (socket) => {
    const send = () => {
      connected = true
      request.pipe(upstream)
    }
    if (socket.connecting) socket.once('connect', send)
    else send()
  })
  upstream.once('response', (answer) => {
    answered = true
    const headers = toCaller(answer, {
      prefix: target.prefix,
      origins: [
        `${proxiedScheme((name) => request.headersDistinct[name]?.join(', '))}://${request.headers.host}`,
        `http://${request.headers.host}`,
        `http://127.0.0.1:${process.port}`,
        `http://localhost:${process.port}`,
      ],
    })
    headers.push('X-Mezz-Process', `${lease.name}-${process.pid}`)
    if (lease.version) headers.push('X-Mezz-Version', lease.version)
    if (coldStartMs !== undefined) headers.push('X-Mezz-Cold-Start', String(coldStartMs))
    response.writeHead(answer.statusCode ?? 502, answer.statusMessage, headers)
    response.flushHeaders()
    pipeline(answer, response, (error) => {
      done()
      if (error) return fail('failed', error)
      lease.end((answer.statusCode ?? 500) < 500 ? 'answered' : 'failed')
      resolve(true)
      if (request.complete) return
      // It answered before it had read all: the caller may finish, the process need not hear it.
      request.unpipe(upstream)
      upstream.destroy()
      request.resume()
    })
  })
  upstream.on('error', async (cause) => {
    if (answered || caller.aborted) return
    if (!connected) {
      // It lives and takes no connection.
      lease.end('hung')
      return resolve(false)
    }
    // Its end is known a moment after its connection broke.
    const reason = await Promise.race([process.ended, after(300, 'closed the connection')])
    fail('failed', new PlatformError('unavailable', `process ${process.pid} of ${lease.name} ${reason}`, { cause }))
  })
  return promise
}
