import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:http'
import type { Duplex } from 'node:stream'
import type { AuditLine } from '../../runtime/audit.ts'
import { auditLine } from '../../runtime/audit.ts'
import type { Header } from '../../runtime/browser.ts'
import { cameByProxy, foreignOrigin, foreignPage, proxiedScheme } from '../../runtime/browser.ts'
import { PlatformError, problem } from '../../runtime/errors.ts'
import { Refusal } from '../../runtime/refusal.ts'
import type { Spans } from '../../runtime/spans.ts'
import { addressOf } from './address.ts'
import type { Admit } from './admit.ts'
import { askedBy } from './admit.ts'
import { refuse } from './answer.ts'
import type { Connection } from './fetch.ts'
import { answerByFetch } from './fetch.ts'
import { passageSpan } from './gateway-span.ts'
import type { Meter } from './meter.ts'
import type { FunctionStatus, Pool } from './pool.ts'
import { forward } from './proxy.ts'

export interface GatewayOptions {
  readonly team: string
  /** By the function's name; read at each request, so that functions may come and go. */
  readonly pools: ReadonlyMap<string, Pool>
  readonly meter?: Meter
  readonly spans?: Spans | undefined
  /** Answers what begins with `/_mezz`. */
  platform(request: Request, connection: Connection): Response | Promise<Response>
  /** Why a name that has no pool cannot be answered, where it is no unknown one. */
  refusal?(name: string): PlatformError | undefined
  /** Judges who calls a program that does not do so itself; without it all do whom no foreign page sends. */
  readonly admit?: Admit
  /** Whether callers without a token are the developer, which nobody is who comes by a proxy. */
  readonly developer?: boolean
  /** Is told whom the gateway itself refuses. */
  audit?(line: AuditLine): void
}

export interface Gateway {
  /** Takes requests on this port of 127.0.0.1, 0 for any free one; answers with the port. */
  listen(port: number): Promise<number>
  status(): readonly FunctionStatus[]
  /** Takes no new request and lets those in flight end, for at most so many milliseconds. The pools live on. */
  drain(grace: number): Promise<void>
}

/** The one door of the local platform: finds the function, refuses what a foreign web page could have sent, answers all else by the functions. */
export function createGateway(options: GatewayOptions): Gateway {
  const { team, pools, meter, spans, platform, refusal, admit, developer = true, audit } = options
  let draining = false
  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      const line = auditLine(error, { name: 'gateway', asked: askedBy(request) })
      if (line) audit?.(line)
      refuse(request, response, error)
    })
  })
  // How long a request may last is the function's to say, and an upload of gigabytes is one.
  server.requestTimeout = 0
  server.on('clientError', refuseRaw)

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (draining) throw new PlatformError('unavailable', 'the platform is ending', { retryAfter: 1 })
    refuseStrangers(askedBy(request).header, developer)
    const address = addressOf(request.url ?? '', request.headers.host ?? '')
    if (address.kind === 'platform') return answerByFetch(request, response, platform)
    if (address.kind === 'nowhere') throw new PlatformError('not_found', `no route ${request.method} ${request.url}`)
    if (address.team !== team) throw new PlatformError('not_found', `no team ${address.team}`)
    const pool = pools.get(address.name)
    if (!pool) throw refusal?.(address.name) ?? new PlatformError('not_found', `no function ${address.name}`)
    if (pool.isCommand) await admit?.(request, pool)
    meter?.request(pool.name, address.path, response)
    const traceparent = spans && passageSpan(spans, { request, response, team, name: pool.name })
    return forward(request, response, { pool, prefix: address.prefix, path: address.path, traceparent })
  }

  return {
    listen: (port) =>
      new Promise((resolve, reject) => {
        server.once('error', reject)
        server.listen(port, '127.0.0.1', () => {
          server.off('error', reject)
          const address = server.address()
          resolve(typeof address === 'object' && address ? address.port : port)
        })
      }),
    status: () => [...pools.values()].map((pool) => pool.status()),
    async drain(grace) {
      draining = true
      const late = setTimeout(() => server.closeAllConnections(), grace)
      await new Promise((closed) => server.close(closed))
      clearTimeout(late)
    },
  }
}

/** Throws a `Refusal` where a foreign page may have sent the request, or where a proxy sent it on for somebody without a token whom its address makes look like the developer. */
function refuseStrangers(header: Header, developer: boolean): void {
  const proxied = cameByProxy(header)
  const foreign = proxied ? foreignOrigin(header, `${proxiedScheme(header)}:`) : foreignPage(header)
  if (foreign) throw Refusal.page(foreign)
  if (proxied && developer && !/^bearer\b/i.test(header('authorization') ?? '')) throw Refusal.token('token_missing')
}

/** Node could not read the request, so there is no response object to answer with. */
function refuseRaw(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (!socket.writable || error.code === 'ECONNRESET') return void socket.destroy()
  const tooLarge = error.code === 'HPE_HEADER_OVERFLOW'
  const refusal = tooLarge
    ? new PlatformError('too_large', 'the headers are larger than 16 KiB')
    : new PlatformError('invalid_input', `not HTTP: ${error.message}`)
  const document = problem(refusal)
  const body = JSON.stringify(document)
  socket.end(
    `HTTP/1.1 ${document.status} ${document.title}\r\nContent-Type: application/problem+json\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  )
}
